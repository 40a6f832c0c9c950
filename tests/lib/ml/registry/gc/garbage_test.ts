import assert from "node:assert/strict";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  listVersions,
  promoteVersion,
  publishBaseline,
  publishScores,
  recordDecisions,
  saveModelVersion,
} from "shopflow/ml/registry/mod.ts";
import { findRegistryGarbage, removeRegistryGarbage } from "shopflow/ml/registry/gc/mod.ts";
import { join } from "node:path";
import { withS3Lake } from "../../../../fixtures/s3_lake.ts";
import { testWith } from "../../../../requirements.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);
const RETENTION = { keepVersions: 2, keepScores: 2, minimumAgeMs: DAY_MS };
const version = (n: number | string) => `v${String(n).padStart(11, "0")}`;
const files = { "trees.json": new TextEncoder().encode("{}"), "calibration.json": new Uint8Array([1]) };

const save = (store: ObjectStore, n: number | string, day = n) =>
  saveModelVersion(store, {
    card: {
      name: "churn",
      version: version(n),
      trainedAt: `2024-10-${String(day).padStart(2, "0")}T00:00:00.000Z`,
      snapshot: "0".repeat(16),
      asOf: "2024-10-01",
      parameters: {},
      metrics: {},
    },
    files,
  });

const decision = (n: number, outcome: "promoted" | "held" | "refused", champion: number | null) => ({
  version: version(n),
  champion: champion === null ? null : version(champion),
  outcome,
  reason: "",
  decidedAt: `2024-10-${String(n).padStart(2, "0")}T00:00:00.000Z`,
  decidedBy: "rule" as const,
  metrics: [],
});

async function score(
  store: ObjectStore,
  n: number,
  modelVersion: string,
  asOf = "2024-10-01",
): Promise<string> {
  const path = join(await Deno.makeTempDir(), "rows.parquet");
  await Deno.writeTextFile(path, `rows ${n}`);
  const table = {
    name: "churn",
    rows: n,
    scoredAt: `2024-10-0${n}T00:00:00.000Z`,
    snapshot: "0".repeat(16),
    modelVersion,
    asOf,
  };
  return (await publishScores(store, table, path)).key;
}

async function withFolder(body: (store: ObjectStore) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await body(createDirectoryStore(home, { sync: false }));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

for (const home of ["a folder", "S3"]) {
  testWith(
    home === "S3" ? ["s3"] : [],
    `of models and scores that stays which something needs, in ${home}`,
    () =>
      (home === "S3" ? withS3Lake : withFolder)(async (given: ObjectStore | { store: ObjectStore }) => {
        const store = "store" in given ? given.store : given;
        for (let n = 1; n <= 9; n++) await save(store, n);
        const reference = decision(2, "promoted", 1);
        await promoteVersion(store, "churn", version(2), { decision: reference });
        await promoteVersion(store, "churn", version(4), {
          decision: { ...decision(4, "promoted", 2), reference: version(1) },
        });
        await recordDecisions(store, "churn", [decision(5, "held", 4), decision(6, "refused", 4)]);
        await publishBaseline(store, {
          card: {
            name: "churn",
            version: "baseline-000000000000",
            trainedAt: "2024-01-01T00:00:00.000Z",
            snapshot: "0".repeat(16),
            asOf: "2024-10-01",
            parameters: {},
            metrics: {},
          },
          files,
        });
        const keys = [];
        for (const [n, by] of [[1, 6], [2, 3], [3, 7], [4, 4]] as const) {
          keys.push(await score(store, n, version(by)));
        }
        assert.deepEqual(await findRegistryGarbage(store, RETENTION, new Date()), {
          versions: [],
          scoreTables: [],
        });

        const garbage = await findRegistryGarbage(store, RETENTION, inDays(2));
        assert.deepEqual(garbage.scoreTables.map(({ name }) => name), keys.slice(0, 2));
        // 8 and 9 are the newest, 7 made a table that stays, 5 waits for approval, 4 is the champion, 2 was before it,
        // 1 is the reference.
        assert.deepEqual(garbage.versions.map(({ name }) => name).sort(), [
          `models/churn/${version(3)}`,
          `models/churn/${version(6)}`,
        ]);
        const before = (await store.list("")).length;
        assert.deepEqual(await removeRegistryGarbage(store, garbage), garbage);
        assert.equal((await store.list("")).length, before - 2 - 2 * 3);
        assert.equal((await listVersions(store, "churn")).length, 8);
        assert.deepEqual(await findRegistryGarbage(store, RETENTION, inDays(2)), {
          versions: [],
          scoreTables: [],
        });
      }),
  );
}

class Killed extends Error {}

/** A store that dies with the n-th write or deletion. */
function dyingAfter(store: ObjectStore, operations: number): ObjectStore {
  let left = operations;
  const counted =
    <A extends unknown[], R>(work: (...rest: A) => Promise<R>) => async (...rest: A): Promise<R> => {
      if (left-- <= 0) throw new Killed();
      return await work(...rest);
    };
  return {
    ...store,
    put: counted(store.put.bind(store)),
    putIfAbsent: counted(store.putIfAbsent.bind(store)),
    putIfMatch: counted(store.putIfMatch.bind(store)),
    delete: counted(store.delete.bind(store)),
    moveIn: counted(store.moveIn.bind(store)),
  };
}

Deno.test("a training that is killed leaves no half version for ever, wherever it is killed", async () => {
  for (let operations = 0;; operations++) {
    let isDone = false;
    await withFolder(async (store) => {
      try {
        await save(dyingAfter(store, operations), 1);
        isDone = true;
      } catch (error) {
        assert.ok(error instanceof Killed);
      }
      const listed = (await listVersions(store, "churn")).length;
      const garbage = await findRegistryGarbage(store, RETENTION, inDays(2));
      await removeRegistryGarbage(store, garbage);
      assert.equal((await store.list("models/")).length > 0, listed === 1, `after ${operations} operations`);
      assert.equal((await save(store, 1)).version, version(1));
    });
    if (isDone) return assert.ok(operations >= 4);
  }
});

Deno.test("a collection that is killed is finished by the next one, wherever it is killed", async () => {
  for (let operations = 0;; operations++) {
    let isDone = false;
    await withFolder(async (store) => {
      for (let n = 1; n <= 3; n++) await save(store, n);
      for (let n = 1; n <= 3; n++) await score(store, n, version(3));
      const garbage = await findRegistryGarbage(store, RETENTION, inDays(2));
      try {
        await removeRegistryGarbage(dyingAfter(store, operations), garbage);
        isDone = true;
      } catch (error) {
        assert.ok(error instanceof Killed);
      }
      await removeRegistryGarbage(store, await findRegistryGarbage(store, RETENTION, inDays(2)));
      assert.deepEqual((await listVersions(store, "churn")).map(({ card }) => card.version), [
        version(3),
        version(2),
      ]);
      assert.equal((await store.list("")).length, 2 * 3 + 2 + 2, `after ${operations} operations`);
    });
    if (isDone) return assert.ok(operations > 5);
  }
});

Deno.test("what other programs keep beside models and scores is no garbage", () =>
  withFolder(async (store) => {
    for (let n = 1; n <= 3; n++) await save(store, n);
    await score(store, 1, version(3));
    const others = [
      "models/churn/notes/readme.txt",
      `models/churn/${version(1)}/mine.txt`,
      "scores/churn/old.parquet",
    ];
    for (const key of others) await store.put(key, new Uint8Array([1]));
    await removeRegistryGarbage(store, await findRegistryGarbage(store, RETENTION, inDays(2)));
    for (const key of others) assert.ok(await store.stat(key), key);
    assert.equal((await listVersions(store, "churn")).length, 2);
  }));

Deno.test("of scores whose outcomes are looked up later, the first of each of the last months stays", () =>
  withFolder(async (store) => {
    const days = [
      "2023-08-31",
      "2023-09-01",
      "2024-08-30",
      "2024-09-01",
      "2024-09-02",
      "2024-09-30",
      "2024-10-01",
    ];
    const keys = [];
    for (const [n, asOf] of days.entries()) keys.push(await score(store, n + 1, version(1), asOf));
    const now = new Date("2024-10-01T12:00:00Z");
    const removable = { keepVersions: 2, keepScores: 1, minimumAgeMs: -1e12 };
    const tables = async (monitored: string[]) =>
      (await findRegistryGarbage(store, { ...removable, monitored }, now)).scoreTables.map(({ name }) =>
        name
      );
    assert.deepEqual(await tables(["recommendations"]), keys.slice(0, -1));
    // What is older than thirteen months goes, of the others all but the first of their month.
    assert.deepEqual(await tables(["churn"]), [keys[0], keys[4], keys[5]]);
    // Scored again for the first day of a month: the later table is what people saw last, and what is watched.
    const again = await score(store, days.length + 1, version(2), "2024-09-01");
    const latest = await score(store, days.length + 2, version(2), "2024-10-02");
    assert.deepEqual(await tables(["churn"]), [keys[0], keys[3], keys[4], keys[5]]);
    assert.ok(await store.stat(again) && await store.stat(latest));
  }));
