/** What an S3 store makes of a server or a network that fails for a while. */
import assert from "node:assert/strict";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { setTimeout as delay } from "node:timers/promises";
import type { Fault, ProxiedRequest } from "../../../../fixtures/faulty_proxy.ts";
import { withFaultyS3 } from "../../../../fixtures/s3_client_through.ts";
import { withS3Lake } from "../../../../fixtures/s3_lake.ts";
import { testWith } from "../../../../requirements.ts";
import { openS3Bucket } from "../../../../../lib/lake/store/s3/client.ts";
import { parseS3Url, PATIENT, type RetryPolicy } from "../../../../../lib/lake/store/s3/failures.ts";

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
  "a network that is silent ends in an error, in minutes by the usual limit",
  () =>
    withFaultyS3(({ path }) => path.includes("silent") ? "stalled" : undefined, async ({ faulty, seen }) => {
      await faulty.put("key", bytes("answered before"));
      await assert.rejects(faulty.get("silent"), /cannot be reached.*nothing moved for 0\.2 s/);
      assert.equal(seen().filter((request) => request === "GET silent").length, 3);
    }, { stallMs: 200 }),
);

for (const hours of [-20, -1, 1, 20]) {
  testWith(
    ["s3"],
    `a clock that is off by ${hours} hours is corrected by what the server says`,
    () =>
      withS3Lake(async (lake) => {
        const large = new Uint8Array(12 << 20).fill(7);
        const now = Date.now;
        Date.now = () => now() + hours * 3_600_000;
        try {
          // A client of its own for each, since a client learns once.
          const writer = lake.client();
          await Promise.all(["a", "b"].map((key) => writer.put(key, bytes(key))));
          await lake.client().put("large", large);
          assert.equal(await text(lake.client(), "a"), "a");
          assert.equal((await lake.client().stat("b"))?.size, 1);
          assert.deepEqual((await lake.client().list("")).map(({ key }) => key), ["a", "b", "large"]);
          assert.ok(await lake.client().putIfAbsent("c", bytes("c")));
          const reader = lake.client();
          assert.deepEqual(await Deno.readFile(await reader.localPath("large")), large);
          await lake.client().delete("c");
        } finally {
          Date.now = now;
        }
        assert.equal(await lake.store.get("c"), undefined);
      }),
  );
}

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

/** A policy that notes its waits instead of waiting. */
function impatient(random = 0.5): { policy: RetryPolicy; waits: number[] } {
  const waits: number[] = [];
  const wait = (ms: number) => Promise.resolve(void waits.push(ms));
  return { waits, policy: { attempts: 6, firstDelayMs: 100, maxDelayMs: 1000, random: () => random, wait } };
}

/** Makes a request that fails so many times with a status, and then gives the number of failures. */
function request(policy: RetryPolicy, times: number, httpStatusCode = 503): Promise<number> {
  const bucket = openS3Bucket(parseS3Url("s3://shop"), { env: {}, retry: policy });
  return bucket.request((_client, { failures }) =>
    failures < times
      ? Promise.reject(Object.assign(new Error(`failure ${failures}`), { $metadata: { httpStatusCode } }))
      : Promise.resolve(failures)
  );
}

Deno.test("what passes is tried again until it succeeds", async () => {
  const { policy, waits } = impatient();
  assert.equal(await request(policy, 3), 3);
  assert.equal(waits.length, 3);
});

Deno.test("waits double up to the longest, and half of each is left to chance", async () => {
  const shortest = impatient(0), longest = impatient(1);
  for (const { policy } of [shortest, longest]) await assert.rejects(request(policy, 99), /failure 5/);
  assert.deepEqual(shortest.waits, [50, 100, 200, 400, 500]);
  assert.deepEqual(longest.waits, [100, 200, 400, 800, 1000]);
});

Deno.test("what does not pass fails at once", async () => {
  const { policy, waits } = impatient();
  await assert.rejects(request(policy, 1, 400), /failure 0/);
  assert.deepEqual(waits, []);
});

Deno.test("the patient policy outlasts a restart of ten seconds", async () => {
  let waited = 0;
  const policy = { ...PATIENT, random: () => 0, wait: (ms: number) => Promise.resolve(void (waited += ms)) };
  await assert.rejects(request(policy, 99));
  assert.ok(waited >= 10_000, `${waited} ms`);
});
