import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { checkAudienceName } from "../../../../lib/segments/audiences/store.ts";
import { findAudience, listAudiences, loadAudience, saveAudience } from "shopflow/segments/audiences/mod.ts";
import assert from "node:assert/strict";

const NEW = {
  name: "at-risk",
  description: "segment At risk",
  conditions: { segment: "at-risk" as const },
  snapshot: "abc",
  asOf: "2024-06-21",
  savedAt: "2024-06-22T10:00:00.000Z",
  savedBy: "Ada",
  members: ["C2", "C1", "C2"],
};

async function withStore(work: (store: ObjectStore) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_audiences_" });
  try {
    await work(createDirectoryStore(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("an audience keeps who was in it, by which definition, of which data and by whom", () =>
  withStore(async (store) => {
    const saved = await saveAudience(store, NEW);
    assert.deepEqual([saved.version, saved.customers], [1, 2]);
    const loaded = await loadAudience(store, "at-risk");
    assert.deepEqual(loaded.members, ["C1", "C2"]);
    const { members: _, ...rest } = loaded;
    assert.deepEqual(rest, saved);
    assert.deepEqual([saved.snapshot, saved.asOf, saved.savedBy, saved.conditions], [
      "abc",
      "2024-06-21",
      "Ada",
      { segment: "at-risk" },
    ]);
  }));

Deno.test("a name that is taken is refused, or gets a next version while the others stay", () =>
  withStore(async (store) => {
    await saveAudience(store, NEW);
    assert.equal(
      (await saveAudience(store, { ...NEW, savedAt: "2024-06-23T10:00:00.000Z" })).version,
      1,
      "the same again",
    );
    const other = { ...NEW, members: ["C3"] };
    await assert.rejects(
      saveAudience(store, other),
      /There is an audience at-risk already.*version 1.*new version/,
    );
    assert.equal((await saveAudience(store, other, { newVersion: true })).version, 2);
    assert.deepEqual((await loadAudience(store, "at-risk")).members, ["C3"]);
    assert.deepEqual((await loadAudience(store, "at-risk@1")).members, ["C1", "C2"]);
    await saveAudience(store, { ...NEW, name: "a" });
    assert.deepEqual((await listAudiences(store)).map(({ name, version }) => `${name}@${version}`), [
      "a@1",
      "at-risk@2",
    ]);
    assert.equal((await listAudiences(store, { allVersions: true })).length, 3);
  }));

Deno.test("of two who save at the same moment one is told", () =>
  withStore(async (store) => {
    const results = await Promise.allSettled(
      [1, 2, 3, 4].map((i) => saveAudience(store, { ...NEW, members: [`C${i}`] })),
    );
    assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
    for (const result of results) {
      if (result.status === "rejected") assert.equal(result.reason.name, "InputError");
    }
  }));

Deno.test("names are part of addresses and files", () => {
  for (const name of ["", "At risk", "../x", "a/b", "-a", "a@1", "é", "a".repeat(61)]) {
    assert.throws(() => checkAudienceName(name), { name: "InputError" }, name);
  }
  assert.throws(() => checkAudienceName("At risk, UK!"), /Call it at-risk-uk/);
  assert.equal(checkAudienceName("win_back-2024"), "win_back-2024");
});

Deno.test("an empty list, an unknown name and a changed file are told apart", () =>
  withStore(async (store) => {
    await assert.rejects(saveAudience(store, { ...NEW, members: [] }), /would be empty/);
    await assert.rejects(findAudience(store, "at-risk"), /There is no audience at-risk/);
    const { membersKey } = await saveAudience(store, NEW);
    await assert.rejects(findAudience(store, "at-risk@7"), /no version 7.*one of 1/);
    await assert.rejects(findAudience(store, "at risk"), /Invalid name/);
    await store.put(membersKey, new TextEncoder().encode('["C9"]'));
    await assert.rejects(loadAudience(store, "at-risk"), { name: "LakeError" });
  }));
