import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  currentScores,
  earlierScoresPath,
  publishScores,
  requireScores,
  scoresPath,
  upToDateScores,
} from "shopflow/ml/registry/mod.ts";
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";

const TABLE = {
  name: "churn",
  rows: 2,
  scoredAt: "2024-10-01T00:00:00.000Z",
  snapshot: "s1",
  modelVersion: "v1",
  asOf: "2024-10-01",
};

/** Publishes a file with this content, which need not be Parquet for the registry. */
async function publishContent(store: ObjectStore, folder: string, content: string, table = TABLE) {
  const path = join(folder, "scores.parquet");
  await Deno.writeTextFile(path, content);
  return await publishScores(store, table, path);
}

const withStore = (body: (store: ObjectStore, folder: string) => Promise<void>) =>
  withTemporaryFolder((folder) => body(createDirectoryStore(join(folder, "lake")), folder));

Deno.test("published scores are the current ones, and their file is in the lake", () =>
  withStore(async (store, folder) => {
    const published = await publishContent(store, folder, "ann 0.7");
    assert.deepEqual(await currentScores(store, "churn"), published);
    assert.equal(await Deno.readTextFile(await store.localPath(published.key)), "ann 0.7");
  }));

Deno.test("scores made again leave the file that a reader may hold as it was", () =>
  withStore(async (store, folder) => {
    const first = await publishContent(store, folder, "ann 0.7");
    const second = await publishContent(store, folder, "ann 0.8");
    assert.notEqual(second.key, first.key);
    assert.equal(await Deno.readTextFile(await store.localPath(first.key)), "ann 0.7");
    assert.equal((await requireScores(store, "churn")).key, second.key);
  }));

Deno.test("scores are up to date for their snapshot and model while their file is there", () =>
  withStore(async (store, folder) => {
    const { key } = await publishContent(store, folder, "ann 0.7");
    assert.equal((await upToDateScores(store, "churn", TABLE))?.key, key);
    assert.equal(await upToDateScores(store, "churn", { ...TABLE, snapshot: "s2" }), undefined);
    assert.equal(await upToDateScores(store, "churn", { ...TABLE, modelVersion: "v2" }), undefined);
    await store.delete(key);
    assert.equal(await upToDateScores(store, "churn", TABLE), undefined);
  }));

Deno.test("where nothing was scored the message says what to run", () =>
  withStore((store) => assert.rejects(requireScores(store, "churn"), /no churn scores.*pipeline run all/)));

Deno.test("a scoring that was overtaken does not put its table over the newer one", () =>
  withStore(async (store, folder) => {
    const newer = await publishContent(store, folder, "ann 0.8", { ...TABLE, snapshot: "s2" });
    const path = join(folder, "late.parquet");
    await Deno.writeTextFile(path, "ann 0.7");
    await assert.rejects(publishScores(store, TABLE, path, { replaces: null }), {
      name: "ModelError",
      message:
        /Another run published at the same time: expected scores\/churn\/current\.json.*found scores\//,
    });
    assert.deepEqual(await currentScores(store, "churn"), newer);
  }));

Deno.test("scores that were changed since they were written are refused, and made again", () =>
  withStore(async (store, folder) => {
    const table = await publishContent(store, folder, "ann 0.53");
    const version = basename(table.key, ".parquet");
    assert.equal(await Deno.readTextFile(await scoresPath(store, table)), "ann 0.53");
    assert.equal(await Deno.readTextFile(await earlierScoresPath(store, "churn", version)), "ann 0.53");
    for (const damaged of ["ann 0.93", "ann 0.", "", "bob 0.5377"]) {
      await store.put(table.key, new TextEncoder().encode(damaged));
      const refused = {
        name: "LakeError",
        message: /was changed since it was written: expected sha256 .*found sha256 .*run score --force/,
      };
      await assert.rejects(scoresPath(store, table), refused);
      await assert.rejects(earlierScoresPath(store, "churn", version), refused);
      assert.equal(await upToDateScores(store, "churn", TABLE), undefined);
    }
    assert.equal((await publishContent(store, folder, "ann 0.53")).key, table.key);
    assert.equal(await Deno.readTextFile(await scoresPath(store, table)), "ann 0.53");
  }));

Deno.test("what a score table's pointer says is compared with its hash", () =>
  withStore(async (store, folder) => {
    await publishContent(store, folder, "ann 0.53");
    const key = "scores/churn/current.json";
    const text = new TextDecoder().decode((await store.get(key))!.body);
    await store.put(
      key,
      new TextEncoder().encode(text.replace('"asOf": "2024-10-01"', '"asOf": "2024-10-07"')),
    );
    await assert.rejects(currentScores(store, "churn"), {
      name: "LakeError",
      message: /scores\/churn\/current\.json .* was changed since it was written.*delete scores\/churn/,
    });
    await store.delete(key);
    await publishContent(store, folder, "ann 0.53");
    assert.equal((await currentScores(store, "churn"))?.asOf, "2024-10-01");
  }));

testWith(
  ["s3"],
  "scores that were changed in a bucket are refused; a damaged local copy is fetched again",
  () =>
    withS3Lake(async ({ store, home, client }) => {
      const table = await publishContent(store, home, "ann 0.53");
      const copy = await scoresPath(store, table);
      await Deno.writeTextFile(copy, "ann 0.93");
      assert.equal(await Deno.readTextFile(await scoresPath(store, table)), "ann 0.53");
      await store.put(table.key, new TextEncoder().encode("ann 0.99"));
      const elsewhere = client({ cache: { folder: join(home, "other"), maxBytes: 2 ** 20 } });
      await assert.rejects(scoresPath(elsewhere, table), {
        name: "LakeError",
        message: /was changed since it was written: expected sha256 .*found sha256 .*run score --force/,
      });
    }),
);
