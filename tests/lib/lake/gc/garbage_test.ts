/** A lake whose root other programs share: garbage collection deletes what the lake wrote, and nothing else. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { collectGarbage, plannedGarbage } from "shopflow/lake/gc/mod.ts";
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { listSnapshots, readRawExtract } from "shopflow/lake/mod.ts";
import { createDirectoryStore, encodeJson, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { createHash, randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { withS3Lake } from "../../../fixtures/s3_lake.ts";
import { testWith } from "../../../requirements.ts";
import {
  assertReadable,
  at,
  createSmallLake,
  DAY,
  KEEP_ONE,
  keysOf,
  now,
  type SmallLake,
  testOnSmallLake as test,
} from "../lake_with_snapshots.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** Keys that other programs may use, in folders of the lake and beside them. */
const FOREIGN = [
  "raw/finance/ledger_2024.parquet",
  "raw/orders/2024-01-01.parquet",
  "raw/orders/20240101T000000000Z-1a2b3c4d.parquet",
  "raw/orders/part-0000.parquet",
  "raw/orders/_delta_log/00000000000000000000.json",
  "raw/orders/_SUCCESS",
  "raw/notes.json",
  "raw/loose.parquet",
  // Another lake beneath this one's prefix.
  "raw/shop2/curated/dim_customers/0123456789abcdef.parquet",
  "raw/shop2/snapshots/0123456789abcdef.json",
  "curated/finance/ab12cd34ef56ab78.parquet",
  `curated/a/${sha256("theirs").slice(0, 16)}.parquet`,
  "curated/a/orphan.parquet",
  "curated/Finance/Ledger (final) ü €.parquet",
  "curated/a/data.csv",
  "snapshots/notes.json",
  "snapshots/0123456789abcdef.json",
  "snapshots/backup/current.json",
  `writes/${randomUUID()}.json`,
  "writes/report.docx",
  "models/churn/v0/model.bin",
  "scores/old/x.parquet",
  "reports/board/2024.pdf",
  "leases/house.pdf",
  "runs/marathon.gpx",
  "quarantine/patients.parquet",
  "finance/ledger.parquet",
  "README.md",
];
/** In folders where the collection looks: these it names. */
const LOOKED_AT = /^(raw|curated|snapshots|writes)\//;

async function putForeign(store: ObjectStore, keys: string[]): Promise<Map<string, string>> {
  const texts = new Map(keys.map((key) => [key, `of another program: ${key}`]));
  // JSON that could be taken for a manifest or a record, and names files of others and of ours.
  texts.set(
    "snapshots/0123456789abcdef.json",
    JSON.stringify({ createdAt: "1999", tables: {}, files: ["raw/finance/ledger_2024.parquet"] }),
  );
  for (const [key, text] of texts) await store.put(key, new TextEncoder().encode(text));
  return texts;
}

async function assertUntouched(store: ObjectStore, texts: Map<string, string>): Promise<void> {
  for (const [key, text] of texts) {
    const object = await store.get(key);
    assert.equal(object && new TextDecoder().decode(object.body), text, key);
  }
}

/** Two snapshots and two orphans of killed runs: all but the newer snapshot is garbage. */
async function fillLake({ publish, put }: Pick<SmallLake, "publish" | "put">) {
  const first = await publish({ a: ["1"] }, at(1));
  const second = await publish({ a: ["2"] }, at(2));
  const orphans = [
    await put("raw/orders/20240103T000000000Z-0badcafe.parquet", "half an extract"),
    await put("curated/a/00000000deadbeef.parquet", "half a run"),
  ];
  const gone = [
    `snapshots/${first.id}.json`,
    first.tables.a!.files[0]!.key,
    first.inputs.orders![0]!.key,
    ...orphans.map(({ key }) => key),
  ];
  return { kept: second.id, gone };
}

async function assertOnlyOursGoes(
  lake: Pick<SmallLake, "store" | "publish" | "put" | "age">,
  now: () => Date,
): Promise<void> {
  const { store, age } = lake;
  const texts = await putForeign(store, FOREIGN);
  const { kept, gone } = await fillLake(lake);
  await age(at(2));
  const before = await keysOf(store, "");
  const planned = await plannedGarbage(store, KEEP_ONE, now());
  assert.deepEqual(await keysOf(store, ""), before, "a plan changes nothing");

  const garbage = (await collectGarbage(store, KEEP_ONE, now))!;
  await assertUntouched(store, texts);
  await assertReadable(store, kept);
  const after = await keysOf(store, "");
  assert.deepEqual(gone.filter((key) => after.includes(key)), []);
  const ofOurs = after.filter((key) => !texts.has(key));
  assert.deepEqual(ofOurs.filter((key) => key.startsWith("writes/")), [], "records go with their files");
  const told = garbage.foreign.filter(({ name }) => !name.startsWith("parts of "));
  assert.deepEqual(
    told,
    [...texts].filter(([key]) => LOOKED_AT.test(key))
      .map(([name, text]) => ({ name, size: new TextEncoder().encode(text).length }))
      .sort((a, b) => a.name < b.name ? -1 : 1),
  );
  assert.deepEqual(planned!.foreign, garbage.foreign);
  assert.equal((await listSnapshots(store)).length, 1);
}

test(
  "objects of other programs in every folder of a lake stay byte for byte and are named",
  (lake) => assertOnlyOursGoes(lake, now),
);

testWith(
  ["s3"],
  "objects and uploads of other programs in every folder of a bucket stay and are named",
  () =>
    withS3Lake(async ({ store, url, client }) => {
      const [bucket, ...names] = url.slice("s3://".length).split("/");
      const s3 = new S3Client({ forcePathStyle: true, endpoint: Deno.env.get("AWS_ENDPOINT_URL")! });
      const target = { Bucket: bucket!, Key: [...names, "raw/orders/theirs.parquet"].join("/") };
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
      await s3.send(
        new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: new Uint8Array(1000) }),
      );
      // Names that are no keys of a lake.
      const strange = ["raw/.hidden/x.parquet", "raw/back\\slash.parquet", "raw/folder/"]
        .map((key) => ({ Bucket: bucket!, Key: [...names, key].join("/") }));
      for (const object of strange) {
        await s3.send(
          new PutObjectCommand({
            ...object,
            Body: new TextEncoder().encode(object.Key.endsWith("/") ? "" : "theirs"),
          }),
        );
      }

      // Its objects have the time of the server's clock.
      const inTwoDays = () => new Date(Date.now() + 2 * DAY);
      await assertOnlyOursGoes({ ...createSmallLake(store), age: () => Promise.resolve() }, inTwoDays);
      const uploads = await s3.send(
        new ListMultipartUploadsCommand({ Bucket: bucket!, Prefix: `${names.join("/")}/` }),
      );
      assert.deepEqual(uploads.Uploads?.map((upload) => upload.UploadId), [UploadId]);
      const { foreign, unfinished } = (await plannedGarbage(client(), KEEP_ONE, inTwoDays()))!;
      assert.deepEqual(foreign.filter(({ name }) => name.startsWith("parts of ")), [
        { name: "parts of raw/orders/theirs.parquet", size: 1000 },
      ]);
      assert.deepEqual(unfinished, []);
      const { Contents = [] } = await s3.send(
        new ListObjectsV2Command({ Bucket: bucket!, Prefix: `${names.join("/")}/` }),
      );
      for (const { Key } of strange) assert.ok(Contents.some((object) => object.Key === Key), Key);
      s3.destroy();
    }),
);

Deno.test("whatever key another program chooses, its file stays", async () => {
  const name = fc.oneof(
    fc.constantFrom("orders", "a", "dim_customers", "shop2", "Orders", "snapshots", "curated", "_delta_log"),
    fc.stringMatching(/^[A-Za-z0-9_ =+-]{1,12}$/),
  );
  const file = fc.oneof(
    fc.stringMatching(/^[0-9a-f]{16}$/).map((hash) => `${hash}.parquet`),
    fc.stringMatching(/^2024[0-9]{4}T[0-9]{9}Z-[0-9a-f]{8}$/).map((run) => `${run}.parquet`),
    fc.uuid().map((id) => `${id}.json`),
    fc.stringMatching(/^[a-z0-9_-]{1,10}\.(parquet|json|csv|crc)$/),
  );
  const key = fc.tuple(
    fc.constantFrom("raw", "curated", "snapshots", "writes", "quarantine", "runs/jobs"),
    fc.array(name, { maxLength: 3 }),
    file,
  ).map(([folder, names, file]) => [folder, ...names, file].join("/"));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(key, { maxLength: 12 }), async (keys) => {
      const folder = await Deno.makeTempDir({ prefix: "shopflow_foreign_" });
      try {
        const store = createDirectoryStore(folder, { sync: false });
        const lake = createSmallLake(store);
        const texts = new Map(keys.map((key) => [key, `theirs ${key}`]));
        for (const [key, text] of texts) {
          // A file where another one's folder is cannot be there.
          await store.put(key, new TextEncoder().encode(text)).catch(() => texts.delete(key));
        }
        const { kept, gone } = await fillLake(lake);
        await lake.age(at(2));
        await collectGarbage(store, KEEP_ONE, now);
        await assertUntouched(store, texts);
        await assertReadable(store, kept);
        const after = await keysOf(store, "");
        assert.deepEqual(gone.filter((key) => after.includes(key)), []);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }),
    { numRuns: 12, seed: 11 },
  );
});

test("a file in the place of one of the lake's stays if it is not as large as what the lake wrote", async (lake) => {
  const { store, publish, put, age } = lake;
  await publish({ a: ["1"] }, at(1));
  const { key } = await put("curated/a/00000000deadbeef.parquet", "half a run");
  await store.put(key, new TextEncoder().encode("a table of someone else"));
  await age(at(1));
  const { files, foreign } = (await collectGarbage(store, KEEP_ONE, now))!;
  assert.deepEqual([files, foreign.map(({ name }) => name)], [[], [key]]);
});

test("files without a record, as older versions left them, are kept and named", async (lake) => {
  const { store, publish, put, age } = lake;
  await publish({ a: ["1"] }, at(1));
  const { key } = await put("raw/orders/20240103T000000000Z-0badcafe.parquet", "half", { noted: false });
  await age(at(1));
  const { files, foreign } = (await collectGarbage(store, KEEP_ONE, now))!;
  assert.deepEqual([files, foreign.map(({ name }) => name)], [[], [key]]);
});

test("what a killed collection had noted before it deleted manifests is deleted by the next one", async (lake) => {
  const { store, age } = lake;
  const { kept, gone } = await fillLake(lake);
  await age(at(2));
  const dying: ObjectStore = {
    ...store,
    delete: (key, options) =>
      key.startsWith("snapshots/") ? store.delete(key, options) : Promise.reject(new Error("power cut")),
  };
  await assert.rejects(collectGarbage(dying, KEEP_ONE, now), /power cut/);
  assert.equal((await listSnapshots(store)).length, 1);
  await age(at(2));
  const { files, foreign } = (await collectGarbage(store, KEEP_ONE, now))!;
  assert.deepEqual(files.map(({ key }) => key).sort(), gone.slice(1).sort());
  assert.deepEqual(foreign, []);
  await assertReadable(store, kept);
  assert.deepEqual(await keysOf(store, "writes/"), []);
});

test("links in the lake's folder are not followed: what they lead to stays", async (lake) => {
  const { store, folder, age } = lake;
  await fillLake(lake);
  const outside = await Deno.makeTempDir({ prefix: "shopflow_outside_" });
  try {
    await Deno.writeTextFile(join(outside, "ledger.parquet"), "theirs");
    await Deno.symlink(outside, join(folder, "curated", "finance"));
    await Deno.symlink(join(outside, "ledger.parquet"), join(folder, "raw", "orders", "linked.parquet"));
    await age(at(2));
    assert.deepEqual((await collectGarbage(store, KEEP_ONE, now))!.foreign, []);
    assert.equal(await Deno.readTextFile(join(outside, "ledger.parquet")), "theirs");
    assert.ok((await Deno.lstat(join(folder, "curated", "finance"))).isSymlink);
    assert.ok((await Deno.lstat(join(folder, "raw", "orders", "linked.parquet"))).isSymlink);
  } finally {
    await Deno.remove(outside, { recursive: true });
  }
});

test("what other programs have in the staging folder, or in one called so by many, is kept", async (lake) => {
  const { store, folder, publish } = lake;
  await publish({ a: ["1"] }, at(1));
  const theirs = [`.staging/${randomUUID()}`, ".shopflow_staging/notes.txt"].map((name) =>
    join(folder, name)
  );
  for (const path of theirs) {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, "theirs");
    await Deno.utime(path, 0, 0);
  }
  const { unfinished, foreign } = (await collectGarbage(store, KEEP_ONE, now))!;
  assert.deepEqual([unfinished, foreign], [[], [{ name: ".shopflow_staging/notes.txt", size: 6 }]]);
  for (const path of theirs) assert.equal(await Deno.readTextFile(path), "theirs");
});

test("of many JSON files of another program, a few are in memory at a time", async (lake) => {
  const { store, publish, folder } = lake;
  await publish({ a: ["1"] }, at(1));
  for (let i = 0; i < 40; i++) await Deno.writeTextFile(join(folder, `raw/day-${i}.json`), "[]");
  let [reading, most] = [0, 0];
  const counting: ObjectStore = {
    ...store,
    async get(key) {
      if (!key.startsWith("raw/day-")) return await store.get(key);
      most = Math.max(most, ++reading);
      return await store.get(key).finally(() => reading--);
    },
  };
  const garbage = await plannedGarbage(counting, KEEP_ONE, now());
  assert.equal(garbage!.foreign.length, 40);
  assert.ok(most > 1 && most <= 8, `${most} at a time`);
});

test("without the manifest of the current snapshot nothing is deleted", async (lake) => {
  const { store, publish, age } = lake;
  const { id } = await publish({ a: ["1"] }, at(1));
  await store.delete(`snapshots/${id}.json`);
  await age(at(1));
  const before = await keysOf(store, "");
  await assert.rejects(collectGarbage(store, KEEP_ONE, now), { message: /manifest of the current snapshot/ });
  assert.deepEqual(await keysOf(store, ""), before);
});

test("what is not ours in the place of pointer, manifest or extract is an error that names it", async (lake) => {
  const { store, publish } = lake;
  const { id } = await publish({ a: ["1"] }, at(1));
  for (const key of ["raw/current.json", `snapshots/${id}.json`, "snapshots/current.json"]) {
    const { body } = (await store.get(key))!;
    await store.put(key, new TextEncoder().encode("not JSON"));
    await assert.rejects(
      collectGarbage(store, KEEP_ONE, now),
      new RegExp(`${key} in the lake .* cannot be read`),
    );
    await store.put(key, body);
  }
  await store.put("raw/current.json", encodeJson({ theirs: true }));
  await assert.rejects(readRawExtract(store), /raw\/current\.json in the lake .* cannot be read/);
});
