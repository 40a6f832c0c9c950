/** Large files of an S3 store: their way up in parts, and their way down into the read cache. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ProxiedRequest } from "../../../../fixtures/faulty_proxy.ts";
import { withFaultyS3 } from "../../../../fixtures/s3_client_through.ts";
import { type S3Lake, withS3Lake } from "../../../../fixtures/s3_lake.ts";
import { testWith } from "../../../../requirements.ts";

const PART = 5 << 20;
const sha256 = (body: Uint8Array) => createHash("sha256").update(body).digest("hex");
const none = () => undefined;

/** A local file of two and a half parts. */
async function largeFile({ home }: S3Lake): Promise<{ path: string; hash: string }> {
  const body = new Uint8Array(2.5 * PART);
  for (let i = 0; i < body.length; i += 997) body[i] = i;
  const path = join(home, "large.parquet");
  await Deno.writeFile(path, body);
  return { path, hash: sha256(body) };
}

const uploadsUnderWay = async ({ store }: S3Lake) => (await store.unfinishedWrites!()).length;

const isPart = ({ path }: ProxiedRequest, number: number) => path.includes(`partNumber=${number}&`);

testWith(
  ["s3"],
  "a large file goes up in parts and comes down byte for byte",
  () =>
    withFaultyS3(none, async ({ faulty, lake, proxy }) => {
      const { path, hash } = await largeFile(lake);
      await faulty.moveIn("t/1.parquet", path);
      assert.equal(proxy.requests.filter(({ path }) => path.includes("partNumber=")).length, 3);
      assert.ok(!existsSync(path));
      const otherMachine = lake.client({ cache: { folder: join(lake.home, "other"), maxBytes: 2 ** 30 } });
      assert.equal(sha256(await Deno.readFile(await otherMachine.localPath("t/1.parquet"))), hash);
      assert.equal(await uploadsUnderWay(lake), 0);
    }, { partBytes: PART }),
);

testWith(["s3"], "an upload whose parts and completion are disturbed arrives whole", () => {
  const disturbed = new Set<string>();
  return withFaultyS3((request) => {
    const kind = `${request.method} ${request.path.replace(/uploadId=[^&]*/, "")}`;
    if (!/partNumber|uploadId/.test(request.path) || disturbed.has(kind)) return undefined;
    disturbed.add(kind);
    return request.method === "POST" || isPart(request, 2) ? "lost answer" : "throttled";
  }, async ({ faulty, direct, lake, proxy }) => {
    const { path, hash } = await largeFile(lake);
    await faulty.moveIn("t/1.parquet", path);
    assert.equal(sha256((await direct.get("t/1.parquet"))!.body), hash);
    assert.equal(proxy.faults, 4);
  }, { partBytes: PART });
});

testWith(
  ["s3"],
  "an upload that fails shows nothing, removes its parts and keeps the local file",
  () =>
    withFaultyS3(
      (request) => isPart(request, 3) ? "throttled" : undefined,
      async ({ faulty, direct, lake }) => {
        const { path } = await largeFile(lake);
        await assert.rejects(faulty.moveIn("t/1.parquet", path), {
          name: "LakeError",
          message: /Cannot write "t\/1.parquet".*SlowDown/,
        });
        assert.equal(await direct.get("t/1.parquet"), undefined);
        assert.deepEqual(await direct.list(""), []);
        assert.equal(await uploadsUnderWay(lake), 0);
        assert.ok(existsSync(path));
      },
      { partBytes: PART },
    ),
);

testWith(
  ["s3"],
  "parts that a broken upload left are found with their size and age, and removed",
  () =>
    withFaultyS3(
      (request) => isPart(request, 3) || request.method === "DELETE" ? "throttled" : undefined,
      async (s3) => {
        const { path } = await largeFile(s3.lake);
        await assert.rejects(s3.faulty.moveIn("t/1.parquet", path), /Cannot write "t\/1.parquet"/);
        // The server answers with an error of its own to who aborts an upload that is gone.
        const direct = s3.lake.client({ retry: { firstDelayMs: 1, maxDelayMs: 10 } });
        const [left, ...more] = await direct.unfinishedWrites!();
        assert.deepEqual([left?.name, left?.size, more], ["parts of t/1.parquet", 2 * PART, []]);
        assert.ok(Math.abs(left!.modified.getTime() - Date.now()) < 600_000);
        await left!.remove!();
        await left!.remove!();
        assert.deepEqual(await direct.unfinishedWrites!(), []);
      },
      { partBytes: PART },
    ),
);

testWith(
  ["s3"],
  "a file is fetched once, however often and by however many clients it is read",
  () =>
    withFaultyS3(none, async ({ faulty, direct, seen }) => {
      await direct.put("t/1.parquet", new Uint8Array([1, 2, 3]));
      const paths = [await faulty.localPath("t/1.parquet"), await faulty.localPath("t/1.parquet")];
      paths.push(await direct.localPath("t/1.parquet"));
      assert.equal(new Set(paths).size, 1);
      assert.deepEqual(seen().filter((request) => request.startsWith("GET")), ["GET t/1.parquet"]);
    }),
);

testWith(
  ["s3"],
  "what a step wrote the next one reads without fetching it",
  () =>
    withFaultyS3(none, async ({ faulty, lake, seen }) => {
      const path = join(lake.home, "small.parquet");
      await Deno.writeFile(path, new Uint8Array([1, 2, 3]));
      await faulty.moveIn("t/1.parquet", path);
      assert.deepEqual(await Deno.readFile(await faulty.localPath("t/1.parquet")), new Uint8Array([1, 2, 3]));
      assert.deepEqual(seen(), ["PUT t/1.parquet", "HEAD t/1.parquet"]);
    }),
);

testWith(
  ["s3"],
  "an object that was replaced nevertheless is not taken from the cache",
  () =>
    withS3Lake(async ({ store }) => {
      await store.put("scores/1.parquet", new Uint8Array([1]));
      await store.localPath("scores/1.parquet");
      await store.put("scores/1.parquet", new Uint8Array([2]));
      assert.deepEqual(await Deno.readFile(await store.localPath("scores/1.parquet")), new Uint8Array([2]));
    }),
);

testWith(["s3"], "the read cache stays within its bound", () =>
  withS3Lake(async ({ client, home }) => {
    const folder = join(home, "bounded");
    const store = client({ cache: { folder, maxBytes: 2500, inUseMs: 0 } });
    for (let i = 0; i < 6; i++) {
      await store.put(`t/${i}.parquet`, new Uint8Array(1000).fill(i));
      await store.localPath(`t/${i}.parquet`);
    }
    const kept = (await Array.fromAsync(Deno.readDir(folder))).filter(({ isFile, name }) =>
      isFile && !name.startsWith(".")
    );
    assert.equal(kept.length, 2);
    assert.deepEqual(await Deno.readFile(await store.localPath("t/0.parquet")), new Uint8Array(1000));
  }));

testWith(
  ["s3"],
  "a listing of several pages is complete and in order",
  () =>
    withS3Lake(async ({ store, client }) => {
      const keys = Array.from({ length: 7 }, (_, i) => `many/${i}`);
      await Promise.all(keys.map((key) => store.put(key, new Uint8Array([1]))));
      const listed = await client({ pageSize: 2 }).list("many/");
      assert.deepEqual(listed.map(({ key }) => key), keys);
    }),
);
