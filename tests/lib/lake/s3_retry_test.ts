/** What an S3 store makes of a server or a network that fails for a while. */
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Fault, ProxiedRequest } from "../../fixtures/faulty_proxy.ts";
import { withFaultyS3 } from "../../fixtures/s3_client_through.ts";
import { testWith } from "../../requirements.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = async (store: ObjectStore, key: string) =>
  new TextDecoder().decode((await store.get(key))?.body);

const isOf = ({ path }: ProxiedRequest, key: string) => path.split("?")[0]!.endsWith(key);

/** A fault for the first request by this method to this key. */
function firstTime(method: string, key: string, fault: Fault) {
  let done = false;
  return (request: ProxiedRequest): Fault | undefined => {
    if (done || request.method !== method || !isOf(request, key)) return undefined;
    done = true;
    return fault;
  };
}

testWith(
  ["s3"],
  "requests that are throttled, answered by 500 or broken off are made again",
  () =>
    withFaultyS3(
      ({ number }) =>
        number % 2 === 0 ? undefined : (["throttled", "lost answer"] as const)[number % 3 ? 0 : 1],
      async ({ faulty, direct, proxy }) => {
        for (let i = 0; i < 5; i++) await faulty.put(`a/${i}`, bytes(`object ${i}`));
        for (let i = 0; i < 5; i++) assert.equal(await text(faulty, `a/${i}`), `object ${i}`);
        assert.deepEqual(await faulty.list("a/"), await direct.list("a/"));
        await faulty.delete("a/0");
        assert.equal(await faulty.stat("a/0"), undefined);
        assert.ok(proxy.faults > 10);
      },
    ),
);

testWith(
  ["s3"],
  "a server that keeps failing ends in an error that names lake and key",
  () =>
    withFaultyS3(() => "throttled", async ({ faulty, lake }) => {
      await assert.rejects(faulty.get("a/key"), (error: Error) => {
        assert.equal(error.name, "LakeError");
        assert.match(error.message, /Cannot read "a\/key" in the lake .*SlowDown/);
        assert.ok(error.message.includes(lake.url));
        return true;
      });
    }),
);

testWith(
  ["s3"],
  "putIfAbsent whose answer got lost has won",
  () =>
    withFaultyS3(firstTime("PUT", "/key", "lost answer"), async ({ faulty, direct, proxy }) => {
      const written = await faulty.putIfAbsent("key", bytes("ours"));
      assert.equal(written?.etag, (await direct.get("key"))?.etag);
      assert.equal(proxy.faults, 1);
    }),
);

testWith(
  ["s3"],
  "putIfMatch whose answer got lost has won",
  () =>
    withFaultyS3(firstTime("PUT", "/key", "lost answer"), async ({ faulty, direct, proxy }) => {
      const { etag } = await direct.put("key", bytes("old"));
      const written = await faulty.putIfMatch("key", bytes("ours"), etag);
      assert.equal(written?.etag, (await direct.get("key"))?.etag);
      assert.equal(await text(direct, "key"), "ours");
      assert.equal(proxy.faults, 1);
    }),
);

testWith(["s3"], "putIfAbsent that was throttled while another wrote the very same has lost", () => {
  const fault = firstTime("PUT", "/key", "throttled");
  return withFaultyS3(async (request, direct) => {
    const found = fault(request);
    if (found) assert.ok(await direct.putIfAbsent("key", bytes("same")));
    return found;
  }, async ({ faulty, proxy }) => {
    assert.equal(await faulty.putIfAbsent("key", bytes("same")), undefined);
    assert.equal(proxy.faults, 1);
  });
});

for (const fault of ["broken answer", "corrupt answer"] as const) {
  testWith(
    ["s3"],
    `a file that comes with a ${fault} is fetched again before anyone sees it`,
    () =>
      withFaultyS3(firstTime("GET", "/t/1.parquet", fault), async ({ faulty, direct, proxy }) => {
        const content = "column ".repeat(50_000);
        await direct.put("t/1.parquet", bytes(content));
        assert.equal(await Deno.readTextFile(await faulty.localPath("t/1.parquet")), content);
        assert.equal(proxy.faults, 1);
      }),
  );
}

for (const fault of ["broken answer", "corrupt answer"] as const) {
  testWith(
    ["s3"],
    `an object that comes with a ${fault} is read again`,
    () =>
      withFaultyS3(firstTime("GET", "/key", fault), async ({ faulty, direct, proxy }) => {
        await direct.put("key", bytes("x".repeat(100_000)));
        assert.equal(await text(faulty, "key"), "x".repeat(100_000));
        assert.equal(proxy.faults, 1);
      }),
  );
}

testWith(
  ["s3"],
  "a refusal whose text breaks off is asked for again",
  () => {
    const faults = [firstTime("GET", "/absent", "broken answer"), firstTime("PUT", "/key", "broken answer")];
    return withFaultyS3(
      (request) => faults.map((fault) => fault(request)).find((fault) => fault !== undefined),
      async ({ faulty, direct, proxy }) => {
        await direct.put("key", bytes("theirs"));
        assert.equal(await faulty.get("absent"), undefined);
        assert.equal(await faulty.putIfAbsent("key", bytes("ours")), undefined);
        assert.equal(await text(direct, "key"), "theirs");
        assert.equal(proxy.faults, 2);
      },
    );
  },
);

testWith(
  ["s3"],
  "a request that no answer comes to is given up and made again",
  () =>
    withFaultyS3(firstTime("GET", "/key", "stalled"), async ({ faulty, direct, proxy }) => {
      await direct.put("key", bytes("here"));
      assert.equal(await text(faulty, "key"), "here");
      assert.equal(proxy.faults, 1);
    }, { stallMs: 300 }),
);

testWith(
  ["s3"],
  "what is sent over a slow connection has the time that it takes",
  () =>
    withFaultyS3(async (request) => {
      if (isOf(request, "/key")) await delay(800);
      return undefined;
    }, async ({ faulty, proxy }) => {
      // It may take twenty seconds, and half a second if it were small.
      await faulty.put("key", new Uint8Array(1_000_000));
      assert.equal(proxy.requests.filter((request) => isOf(request, "/key")).length, 1);
    }, { stallMs: 500 }),
);

testWith(
  ["s3"],
  "a deletion that fails is not tried again once it is told to stop",
  () => {
    const stop = new AbortController();
    return withFaultyS3(({ method }) => {
      if (method !== "DELETE") return undefined;
      stop.abort(new Error("the lease is over"));
      return "throttled";
    }, async ({ faulty, direct, seen }) => {
      await direct.put("key", bytes("kept"));
      await assert.rejects(faulty.delete("key", { signal: stop.signal }), /the lease is over/);
      assert.equal(await text(direct, "key"), "kept");
      assert.equal(seen().filter((request) => request === "DELETE key").length, 1);
    });
  },
);
