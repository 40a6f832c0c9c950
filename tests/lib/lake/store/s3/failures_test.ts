/** What an S3 store says when it is set up wrongly. */
import assert from "node:assert/strict";
import { createS3Store } from "../../../../../lib/lake/store/s3/s3_store.ts";
import { runAlone } from "../../../../fixtures/run_alone.ts";
import { withS3Lake } from "../../../../fixtures/s3_lake.ts";
import { TEST_S3_URL, testWith } from "../../../../requirements.ts";
import { isTransient, isUnanswered } from "../../../../../lib/lake/store/s3/failures.ts";

const noWait = { retry: { wait: () => Promise.resolve() } };
const cache = { folder: "/nonexistent/cache", maxBytes: 0 };
const body = new Uint8Array([1]);

const KEYS = { AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };

testWith(["s3"], "a bucket that does not exist is named, whatever is tried first", async () => {
  const store = createS3Store("s3://no-such-bucket/lake", { env: Deno.env.toObject(), cache });
  const tries = [
    () => store.get("a"),
    () => store.stat("a"),
    () => store.list(""),
    () => store.put("a", body),
    () => store.localPath("a"),
    () => store.delete("a"),
  ];
  for (const attempt of tries) {
    await assert.rejects(attempt, {
      name: "LakeError",
      message:
        /s3:\/\/no-such-bucket\/lake has no bucket: expected a bucket no-such-bucket at http.*SHOPFLOW_LAKE/,
    });
  }
});

testWith(
  ["s3"],
  "credentials that the server does not accept are an error that names the variables to check",
  async () => {
    const right = Deno.env.toObject();
    for (const wrong of [{ AWS_SECRET_ACCESS_KEY: "anotherSecretKey" }, { AWS_ACCESS_KEY_ID: "nobody" }]) {
      const store = createS3Store(TEST_S3_URL, { env: { ...right, ...wrong }, cache });
      for (const attempt of [() => store.get("a"), () => store.list(""), () => store.put("a", body)]) {
        await assert.rejects(attempt, {
          name: "LakeError",
          message: /no permission: .*Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY/,
        });
      }
    }
  },
);

testWith(["s3"], "a region that is not the bucket's is an error that names the variable to set", async () => {
  const env = { ...Deno.env.toObject(), AWS_REGION: "eu-west-9" };
  await assert.rejects(createS3Store(TEST_S3_URL, { env, cache }).get("a"), {
    name: "LakeError",
    message: /region .* is wrong.*Set AWS_REGION/,
  });
});

testWith(
  ["s3"],
  "a cache folder that cannot be written is an error that says so",
  () =>
    withS3Lake(async ({ store, client }) => {
      await store.put("t/1.parquet", body);
      const unwritable = client({ cache: { folder: "/proc/cache", maxBytes: 0 } });
      await assert.rejects(unwritable.localPath("t/1.parquet"), {
        name: "LakeError",
        message: /Cannot read "t\/1.parquet".*cache under SHOPFLOW_HOME/,
      });
    }),
);

for (const region of [undefined, ""]) {
  Deno.test(
    `where AWS_REGION is ${
      region === "" ? "empty" : "not set"
    } and there is no endpoint the region is asked for`,
    () => runAlone(new URL("./without_region_program.ts", import.meta.url), { AWS_REGION: region }),
  );
}

Deno.test("an endpoint where nothing listens is an error with its address, soon", async () => {
  let waited = 0;
  const retry = { wait: (ms: number) => Promise.resolve(void (waited += ms)) };
  const env = { ...KEYS, AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
  await assert.rejects(createS3Store("s3://lake", { env, cache, retry }).get("a"), {
    name: "LakeError",
    message: /s3:\/\/lake cannot be reached: expected an S3 server at http:\/\/127\.0\.0\.1:1.*ECONNREFUSED/,
  });
  assert.ok(waited < 3000, `${waited} ms`);
});

for (const honoured of ["none", "if-none-match"]) {
  Deno.test(`a server that honours ${honoured} of the conditions is refused before anything is written`, async () => {
    const written = new Set<string>();
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        await request.arrayBuffer();
        const refused = request.headers.get(honoured) === "*" && written.has(pathname);
        if (refused) return new Response(null, { status: 412 });
        written.add(pathname);
        return new Response(null, { headers: { etag: '"1"' } });
      },
    );
    const env = { ...KEYS, AWS_ENDPOINT_URL: `http://127.0.0.1:${server.addr.port}` };
    const store = createS3Store("s3://lake", { env, cache, ...noWait });
    await assert.rejects(store.put("a", body), {
      name: "LakeError",
      message: /cannot hold a lake.*ignores If-.*versitygw/,
    });
    assert.deepEqual([...written], ["/lake/.conditional_writes"]);
  });
}

Deno.test("a connection that is not made in time is tried again", () => {
  // As the SDK says it.
  const error = Object.assign(new Error("did not establish a connection within the configured timeout"), {
    name: "TimeoutError",
  });
  assert.ok(isTransient(error));
  assert.ok(isUnanswered(error));
});

Deno.test("what S3 refuses is not", () => {
  const error = Object.assign(new Error("Access Denied"), {
    name: "AccessDenied",
    $metadata: { httpStatusCode: 403 },
  });
  assert.equal(isTransient(error), false);
});
