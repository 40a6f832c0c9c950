import { createDirectoryStore, encodeJson, type ObjectStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { type ApiClient, createClient, NOW } from "./api_client.ts";
import { publishChurnScores, publishWholeLake } from "./small_lake.ts";
import { withFaultyS3 } from "../fixtures/s3_client_through.ts";
import { testWith } from "../requirements.ts";
import { publishSmallReport } from "./small_report.ts";
import { saveSmallSchedule } from "./small_schedule.ts";

const AT_ONCE = { pollMs: 0, staleWhileLoadingMs: 60_000 };
const SCORES = { post: "/predict/churn", body: { customer_id: "CUST000001" } };
const FEATURES = { post: "/predict/churn", body: { features: { recency_days: 5, order_count: 2 } } };
const HTML = { accept: "text/html" };

interface Outage {
  client: ApiClient;
  store: ObjectStore;
  /** Where the lake is, and where it is when it has gone. */
  folder: string;
  aside: string;
}

/** A server over a lake with everything in it, which has answered once. */
async function withServer(body: (outage: Outage) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "server_outage_" });
  const folder = `${parent}/lake`, aside = `${parent}/unmounted`;
  try {
    await Deno.mkdir(folder);
    const store = createDirectoryStore(folder);
    await publishWholeLake(store);
    await publishSmallReport(store);
    await publishSmallReport(store, { name: "inventory" });
    await saveSmallSchedule(store, NOW);
    const client = createClient(store, { ...AT_ONCE, loopbackOnly: true });
    assert.equal((await (await client.get("/health")).json()).status, "ok");
    await body({ client, store, folder, aside });
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

/** What is asked of a server, and the status that it answers while the lake is gone. */
async function askEverything({ get, post }: ApiClient): Promise<[string, Response][]> {
  return [
    ["score", await post(SCORES.post, SCORES.body)],
    ["features", await post(FEATURES.post, FEATURES.body)],
    ["recommend", await get("/recommend/CUST000001")],
    ["best sellers", await get("/recommend/NOBODY")],
    ["inventory", await get("/inventory/PROD00001")],
    ["index", await get("/reports")],
    ["opened report", await get("/reports/churn")],
    ["report that nobody opened", await get("/reports/inventory")],
    ["docs", await get("/docs")],
  ];
}

/** Ways for a lake in a folder to go. */
const GONE: Record<string, (outage: Outage) => Promise<void>> = {
  "a folder that is missing": ({ folder, aside }) => Deno.rename(folder, aside),
  async "an empty mount point"({ folder, aside }) {
    await Deno.rename(folder, aside);
    await Deno.mkdir(folder);
  },
  async "a file in its place"({ folder, aside }) {
    await Deno.rename(folder, aside);
    await Deno.writeTextFile(folder, "");
  },
  async "a folder that the system refuses to read"({ folder, aside }) {
    await Deno.rename(folder, aside);
    // A link to itself: every access fails with ELOOP, as others do with EIO or ESTALE.
    await Deno.symlink(folder, folder);
  },
};

for (const [name, disappear] of Object.entries(GONE)) {
  Deno.test(`${name} does not empty the server, which marks what it serves and recovers`, () =>
    withServer(async (outage) => {
      const { client, folder, aside } = outage;
      const { get, submit, log } = client;
      const before = await askEverything(client);
      for (const [what, answer] of before) assert.equal(answer.status, 200, what);
      const bodies = new Map(
        await Promise.all(before.map(async ([what, a]) => [what, await a.text()] as const)),
      );

      await disappear(outage);
      for (const [what, answer] of await askEverything(client)) {
        assert.equal(answer.status, 200, what);
        assert.equal(answer.headers.get("x-lake-unreachable-since"), NOW.toISOString(), what);
        assert.match(answer.headers.get("age")!, /^\d+$/, what);
        const text = await answer.text();
        if (!answer.headers.get("content-type")!.includes("text/html")) {
          assert.deepEqual(JSON.parse(text), JSON.parse(bodies.get(what)!), what);
        } else {
          assert.match(
            text,
            /role="status"[^>]*>The lake has been unreachable since 2 October 2024, 06:00 UTC\./,
            what,
          );
          assert.equal(text.replace(/\n<div role="status".*?<\/div>/, ""), bodies.get(what), what);
        }
      }
      const health = await get("/health");
      assert.equal(health.status, 200);
      const { status, lake, remedy } = await health.json();
      assert.deepEqual([status, lake.reachable, lake.unreachable_since], [
        "degraded",
        false,
        NOW.toISOString(),
      ]);
      assert.match(remedy, /disk of SHOPFLOW_LAKE is mounted/);
      assert.doesNotMatch(remedy, /deno task/);

      for (
        const path of ["/jobs", "/jobs/train-models", "/api/jobs", "/reports/churn/runs/20240101T000000Z"]
      ) {
        const answer = await get(path, HTML);
        assert.equal(answer.status, 503, path);
        assert.match(await answer.text(), /lake cannot be re(ad|ached).*log of this server/s, path);
      }
      assert.equal((await submit("/jobs/train-models/run")).status, 503);
      const warnings = log.filter((line) => line.startsWith("warning: the lake cannot be read"));
      assert.equal(warnings.length, 1, log.join("\n"));
      assert.match(warnings[0]!, /The server keeps answering from what it loaded\./);

      // Nothing was written where the lake was.
      if (name.startsWith("an empty")) assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
      if (name.endsWith("missing")) await assert.rejects(Deno.lstat(folder), Deno.errors.NotFound);
      else await Deno.remove(folder, { recursive: true });
      await Deno.rename(aside, folder);
      assert.equal((await (await get("/health")).json()).status, "ok");
      for (const [what, answer] of await askEverything(client)) {
        assert.equal(answer.headers.get("x-lake-unreachable-since"), null, what);
        assert.equal(await answer.text(), bodies.get(what), what);
      }
      assert.equal((await get("/jobs")).status, 200);
      assert.equal(log.filter((line) => line.includes("can be read again")).length, 1);
    }));
}

Deno.test("a lake that does not answer holds up no request", () =>
  withServer(async ({ store }) => {
    let hangs = false;
    const never = new Promise<never>(() => {});
    const silent: ObjectStore = {
      ...store,
      get: (key) => hangs ? never : store.get(key),
      stat: (key) => hangs ? never : store.stat(key),
      list: (prefix) => hangs ? never : store.list(prefix),
    };
    const client = createClient(silent, {
      pollMs: 0,
      staleWhileLoadingMs: 1,
      lakeTimeoutMs: 500,
      loopbackOnly: true,
    });
    await client.get("/health");
    for (const [what, answer] of await askEverything(client)) {
      assert.equal(answer.status, 200, what);
      await answer.body?.cancel();
    }
    hangs = true;
    for (const [what, answer] of await askEverything(client)) {
      assert.equal(answer.status, 200, what);
      await answer.body?.cancel();
    }
    assert.equal((await client.get("/jobs")).status, 503);
    const { status, lake } = await (await client.get("/health")).json();
    assert.deepEqual([status, lake.reachable], ["degraded", false]);
    assert.match(
      client.log.join("\n"),
      /does not answer: expected an answer within 0\.5 seconds, found none/,
    );
  }));

Deno.test("a pointer that was deleted leaves what it named in place, and health degraded", () =>
  withServer(async ({ client: { get, post, log }, store }) => {
    for (const key of ["scores/churn/current.json", "models/recommendation/champion.json"]) {
      await store.delete(key);
    }
    const { status, failed, lake } = await (await get("/health")).json();
    assert.deepEqual([status, lake.reachable], ["degraded", true]);
    assert.deepEqual(failed.sort(), ["models.recommendation", "scores.churn"]);
    assert.equal((await post(SCORES.post, SCORES.body)).status, 200);
    assert.equal((await get("/recommend/NOBODY")).status, 200);
    assert.match(
      log.join("\n"),
      /could not load scores.churn: The pointer to its version is no longer in the lake/,
    );
    await publishChurnScores(store, { modelVersion: "churn-2" });
    assert.equal((await (await post(SCORES.post, SCORES.body)).json()).model_version, "churn-2");
  }));

Deno.test("scores and models that were changed are not served; the previous ones are", () =>
  withServer(async ({ client: { get, post, log }, store }) => {
    const before = await (await post(SCORES.post, SCORES.body)).json();
    await publishChurnScores(store, { modelVersion: "churn-2", highestRisk: 0.5 });
    const pointer = JSON.parse(
      new TextDecoder().decode((await store.get("scores/churn/current.json"))!.body),
    );
    const table = (await store.get(pointer.key))!.body;
    const place = table.length >> 1;
    await store.put(pointer.key, table.map((byte, i) => i === place ? byte ^ 1 : byte));
    // The card of the next champion says another number than was written.
    const card = JSON.parse(
      new TextDecoder().decode((await store.get("models/churn/churn-1/card.json"))!.body),
    );
    await store.put("models/churn/churn-2/card.json", encodeJson({ ...card, version: "churn-2" }));
    await store.put("models/churn/champion.json", encodeJson({ version: "churn-2" }));

    assert.deepEqual(await (await post(SCORES.post, SCORES.body)).json(), before);
    assert.equal((await (await post(FEATURES.post, FEATURES.body)).json()).model_version, "churn-1");
    const { status, failed, lake } = await (await get("/health")).json();
    assert.deepEqual([status, lake.reachable, failed.sort()], ["degraded", true, [
      "models.churn",
      "scores.churn",
    ]]);
    assert.match(
      log.join("\n"),
      /could not load scores.churn: .*was changed since it was written.*score --force/,
    );
    assert.match(
      log.join("\n"),
      /could not load models.churn: .*card\.json.*was changed since it was written/,
    );
    await store.put(pointer.key, table);
    assert.equal((await (await post(SCORES.post, SCORES.body)).json()).churn_probability, 0.5);
  }));

Deno.test("a page that was changed in the lake is shown as it was, and says so; one that was never read is not", () =>
  withServer(async ({ client: { get, log }, store }) => {
    const good = await (await get("/reports/churn")).text();
    const change = async (run: string) => {
      const key = `reports/churn/${run}.html`;
      const html = new TextDecoder().decode((await store.get(key))!.body);
      await store.put(key, new TextEncoder().encode(html.replace("fewer than", "more than")));
    };
    await change("20241002T060000Z");
    const kept = await get("/reports/churn");
    assert.equal(kept.status, 200);
    assert.equal(kept.headers.get("age"), "0");
    const text = await kept.text();
    assert.match(
      text,
      /could not be read from the lake again\. It is shown as it was read less than a minute ago/,
    );
    assert.equal(text.replace(/\n<div role="status".*?<\/div>/, ""), good);
    await store.delete("reports/churn/20241002T060000Z.html");
    assert.match(await (await get("/reports/churn")).text(), /could not be read from the lake again/);
    await publishSmallReport(store, { runId: "20241003T060000Z" });
    await change("20241003T060000Z");
    assert.equal((await get("/reports/churn/runs/20241003T060000Z")).status, 503);
    for (let i = 0; i < 3; i++) await (await get("/reports/churn")).text();
    const said = log.filter((line) => /report churn: .*20241003T060000Z\.html.*was changed since/.test(line));
    assert.equal(said.length, 1, "said once");
  }));

Deno.test("a server that is started without its lake asks for the mount first and makes no folder", async () => {
  const parent = await Deno.makeTempDir({ prefix: "server_outage_" });
  try {
    const store = createDirectoryStore(`${parent}/lake`);
    const { get, post } = createClient(store, AT_ONCE);
    const health = await get("/health");
    assert.equal(health.status, 503);
    assert.match(
      (await health.json()).remedy,
      /^Check that SHOPFLOW_LAKE names the right lake and .* is mounted/,
    );
    const answer = await post(SCORES.post, SCORES.body);
    assert.match((await answer.json()).error.remedy, /^Check that SHOPFLOW_LAKE.*pipeline run all/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(parent)), []);
    await Deno.mkdir(store.url);
    await publishWholeLake(store);
    assert.equal((await (await get("/health")).json()).status, "ok");
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

testWith(
  ["s3"],
  "a bucket that refuses, is deleted or cannot be reached does not empty the server",
  async () => {
    let isOut = false;
    await withFaultyS3(() => isOut ? "throttled" : undefined, async ({ faulty, direct, proxy }) => {
      const local = await Deno.makeTempDir({ prefix: "server_outage_" });
      try {
        const made = createDirectoryStore(local);
        await publishWholeLake(made);
        await publishSmallReport(made);
        for (const { key } of await made.list("")) {
          if (!key.includes("/")) continue;
          await direct.put(key, (await made.get(key))!.body);
        }
        const { get, post, log } = createClient(faulty, { ...AT_ONCE, loopbackOnly: true });
        const check = async (status: string, reason: RegExp) => {
          const health = await (await get("/health")).json();
          assert.deepEqual([health.status, health.lake.reachable], [status, status === "ok"]);
          for (
            const answer of [
              await post(SCORES.post, SCORES.body),
              await get("/reports/churn"),
              await get("/reports"),
            ]
          ) {
            assert.equal(answer.status, 200);
            assert.equal(answer.headers.has("x-lake-unreachable-since"), status !== "ok");
            await answer.text();
          }
          assert.match(log.findLast((line) => /the lake (cannot|\S+ can)/.test(line)) ?? "", reason);
        };
        await check("ok", /.*/);
        isOut = true;
        await check("degraded", /the lake cannot be read: .*SlowDown/);
        isOut = false;
        await check("ok", /can be read again/);
        // Everything under the prefix is gone, as where another bucket answers.
        const objects = await direct.list("");
        for (const { key } of objects) await direct.delete(key);
        await check(
          "degraded",
          /is gone: expected .*, which was there before, found an empty place/,
        );
        for (const { key } of objects) await direct.put(key, (await made.get(key))!.body);
        await check("ok", /can be read again/);
        await proxy.close();
        await check("degraded", /the lake cannot be read: .*cannot be reached/);
      } finally {
        await Deno.remove(local, { recursive: true });
      }
    });
  },
);
