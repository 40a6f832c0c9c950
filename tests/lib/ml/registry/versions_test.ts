import { createDirectoryStore, encodeJson, type ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  championCard,
  championVersion,
  loadChampion,
  loadModelVersion,
  type ModelCard,
  promoteVersion,
  reusableChampion,
  saveModelVersion,
} from "shopflow/ml/registry/mod.ts";
import { readVersionFile } from "../../../../lib/ml/registry/versions.ts";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";

const card = (version: string): ModelCard => ({
  name: "churn",
  version,
  trainedAt: "2024-10-01T00:00:00.000Z",
  snapshot: "s1",
  asOf: "2024-09-01",
  parameters: { rounds: 10 },
  metrics: { auc: 0.8 },
});
const FILES = { "trees.json": new TextEncoder().encode("[]"), "calibration.json": new Uint8Array([1, 2]) };

const withStore = (body: (store: ObjectStore) => Promise<void>) =>
  withTemporaryFolder((folder) => body(createDirectoryStore(folder)));

Deno.test("a champion comes back with its card and every byte of its files", () =>
  withStore(async (store) => {
    await saveModelVersion(store, { card: card("v1"), files: FILES });
    await promoteVersion(store, "churn", "v1");
    const champion = await loadChampion(store, "churn");
    const { sha256, ...rest } = (await championCard(store, "churn"))!;
    assert.deepEqual(rest, { ...card("v1"), files: ["calibration.json", "trees.json"] });
    assert.equal(sha256["trees.json"], createHash("sha256").update("[]").digest("hex"));
    assert.deepEqual(Object.entries(champion.files).sort(), Object.entries(FILES).sort());
  }));

Deno.test("a stored version does not score until it is made champion", () =>
  withStore(async (store) => {
    await saveModelVersion(store, { card: card("v1"), files: FILES });
    assert.equal(await championCard(store, "churn"), undefined);
    await promoteVersion(store, "churn", "v1");
    await saveModelVersion(store, { card: card("v2"), files: FILES });
    assert.equal((await championCard(store, "churn"))?.version, "v1");
  }));

Deno.test("a training that comes out otherwise does not write over what its version stored", () =>
  withStore(async (store) => {
    const first = await saveModelVersion(store, { card: card("v1aaaaaaaaaaaaaa"), files: FILES });
    await promoteVersion(store, "churn", first.version);
    const retrained = { ...FILES, "trees.json": new TextEncoder().encode("[1]") };
    const later = { ...card(first.version), trainedAt: "2024-10-02T00:00:00.000Z" };
    const other = await saveModelVersion(store, { card: later, files: retrained });
    assert.match(other.version, /^[0-9a-f]{16}$/);
    assert.deepEqual((await loadModelVersion(store, "churn", other.version)).files, retrained);
    const champion = await loadChampion(store, "churn");
    assert.deepEqual(champion.files, { ...FILES });
    assert.equal(champion.card.trainedAt, "2024-10-01T00:00:00.000Z");
    // Coming to the same once more adds nothing.
    const objects = (await store.list("models/")).length;
    assert.equal(
      (await saveModelVersion(store, { card: later, files: retrained })).version,
      other.version,
    );
    assert.equal((await saveModelVersion(store, { card: later, files: FILES })).trainedAt, first.trainedAt);
    assert.equal((await store.list("models/")).length, objects);
  }));

Deno.test("training a version again puts back a file that it lost", () =>
  withStore(async (store) => {
    await saveModelVersion(store, { card: card("v1"), files: FILES });
    await store.delete("models/churn/v1/trees.json");
    await saveModelVersion(store, { card: card("v1"), files: FILES });
    assert.deepEqual((await loadModelVersion(store, "churn", "v1")).files, { ...FILES });
  }));

Deno.test("without a champion the message says how to train one", () =>
  withStore((store) => assert.rejects(loadChampion(store, "churn"), /no trained churn model.*run train/)));

Deno.test("a version that was never stored cannot become champion", () =>
  withStore(async (store) => {
    await assert.rejects(promoteVersion(store, "churn", "v9"), /no version v9 of the churn model/);
    assert.equal(await championCard(store, "churn"), undefined);
  }));

Deno.test("a champion that lost a file is named by that file, and has to be trained again", () =>
  withStore(async (store) => {
    await saveModelVersion(store, { card: card("v1"), files: FILES });
    await promoteVersion(store, "churn", "v1");
    assert.equal((await reusableChampion(store, "churn", "v1"))?.version, "v1");
    await store.delete("models/churn/v1/trees.json");
    await assert.rejects(loadChampion(store, "churn"), /incomplete: expected models\/churn\/v1\/trees\.json/);
    assert.equal(await reusableChampion(store, "churn", "v1"), undefined);
  }));

Deno.test("a training that was overtaken does not put its version over the newer champion", () =>
  withStore(async (store) => {
    for (const version of ["v1", "v2", "v3"]) {
      await saveModelVersion(store, { card: card(version), files: FILES });
    }
    const slow = await championVersion(store, "churn");
    assert.equal(slow, null);
    await promoteVersion(store, "churn", "v2", { replaces: null });
    await assert.rejects(promoteVersion(store, "churn", "v1", { replaces: slow }), {
      name: "ModelError",
      message: /Another run published at the same time: expected models\/churn\/champion\.json.*found v2/,
    });
    assert.equal(await championVersion(store, "churn"), "v2");
    // Who came to the same version meanwhile is no rival.
    await promoteVersion(store, "churn", "v2", { replaces: slow });
    await promoteVersion(store, "churn", "v3", { replaces: "v2" });
    assert.equal(await championVersion(store, "churn"), "v3");
  }));

Deno.test("of trainings that end at the same moment one becomes champion, and the others hear of it", () =>
  withStore(async (store) => {
    const versions = ["v1", "v2", "v3", "v4"];
    for (const version of versions) await saveModelVersion(store, { card: card(version), files: FILES });
    const ends = await Promise.allSettled(
      versions.map((version) => promoteVersion(store, "churn", version, { replaces: null })),
    );
    const winners = versions.filter((_, i) => ends[i]!.status === "fulfilled");
    assert.deepEqual(winners, [await championVersion(store, "churn")]);
  }));

/** Changes one character of a stored object. */
async function changeCharacter(store: ObjectStore, key: string, from: string, to: string): Promise<void> {
  const text = new TextDecoder().decode((await store.get(key))!.body);
  assert.ok(text.includes(from));
  await store.put(key, new TextEncoder().encode(text.replace(from, to)));
}

const CHANGED = /was changed since it was written: expected sha256 .*found sha256 .*pipeline run train/;

Deno.test("a model whose file or card was changed by one character, or cut off, is refused", () =>
  withStore(async (store) => {
    const files = { "trees.json": new TextEncoder().encode('{"threshold":0.53,"value":1.5}') };
    const place = "models/churn/v1";
    const damages: [string, () => Promise<unknown>][] = [
      ["trees.json", () => changeCharacter(store, `${place}/trees.json`, "0.53", "9.53")],
      ["card.json", () => changeCharacter(store, `${place}/card.json`, "0.8", "0.9")],
      ["trees.json", () => store.put(`${place}/trees.json`, files["trees.json"].slice(0, 20))],
      ["trees.json", () => store.put(`${place}/trees.json`, new Uint8Array())],
    ];
    for (const [file, damage] of damages) {
      await store.delete(`${place}/card.json`);
      await store.put(`${place}/trees.json`, files["trees.json"]);
      await saveModelVersion(store, { card: card("v1"), files });
      await promoteVersion(store, "churn", "v1");
      await damage();
      const refused = { name: "ModelError", message: CHANGED };
      await assert.rejects(loadChampion(store, "churn"), refused);
      await assert.rejects(loadModelVersion(store, "churn", "v1"), refused);
      assert.equal(
        await reusableChampion(store, "churn", "v1"),
        undefined,
        `${file}: has to be trained again`,
      );
    }
  }));

Deno.test("a version that was damaged stays as it is, and its training is stored under a name of its own", () =>
  withStore(async (store) => {
    for (const [file, from, to] of [["card.json", "0.8", "0.9"], ["trees.json", "[]", "{}"]] as const) {
      const version = `v1-${file}`;
      await saveModelVersion(store, { card: card(version), files: FILES });
      await changeCharacter(store, `models/churn/${version}/${file}`, from, to);
      const saved = await saveModelVersion(store, { card: card(version), files: FILES });
      assert.notEqual(saved.version, version);
      assert.match(saved.version, /^v1-[0-9a-f]+$/, "it begins with what it names");
      assert.deepEqual((await loadModelVersion(store, "churn", saved.version)).files, FILES);
    }
  }));

Deno.test("one file of a version is read beside damaged ones, but only as it was written", () =>
  withStore(async (store) => {
    const file = () => readVersionFile(store, "churn", "v1", "calibration.json");
    await saveModelVersion(store, { card: card("v1"), files: FILES });
    await store.delete("models/churn/v1/trees.json");
    assert.deepEqual(await file(), FILES["calibration.json"]);
    await store.put("models/churn/v1/calibration.json", new Uint8Array([1, 3]));
    assert.equal(await file(), undefined);
    await store.put("models/churn/v1/calibration.json", FILES["calibration.json"]);
    await changeCharacter(store, "models/churn/v1/card.json", "0.8", "0.9");
    assert.equal(await file(), undefined, "nothing vouches for it");
    await store.delete("models/churn/v1/card.json");
    assert.equal(await file(), undefined);
  }));

Deno.test("the card or a file of another version in the place of a version's own is refused", () =>
  withStore(async (store) => {
    await saveModelVersion(store, { card: card("v1"), files: FILES });
    const other = { ...FILES, "trees.json": new TextEncoder().encode("[1]") };
    await saveModelVersion(store, { card: card("v2"), files: other });
    await store.put("models/churn/v1/trees.json", other["trees.json"]);
    await assert.rejects(loadModelVersion(store, "churn", "v1"), { message: CHANGED });
    await store.put("models/churn/v1/card.json", (await store.get("models/churn/v2/card.json"))!.body);
    await assert.rejects(loadModelVersion(store, "churn", "v1"), {
      name: "ModelError",
      message: /is the card of another model version: expected version v1 .*, found version v2/,
    });
  }));

Deno.test("a card without hashes is refused with what to do", () =>
  withStore(async (store) => {
    await store.put("models/churn/v1/card.json", encodeJson({ ...card("v1"), files: [] }));
    await assert.rejects(loadModelVersion(store, "churn", "v1"), {
      name: "ModelError",
      message: /expected a hash of its content \(its field seal\), found none.*pipeline run train/,
    });
  }));
