import assert from "node:assert/strict";
import { DiskFullError } from "shopflow/errors/mod.ts";
import { PUBLIC_PATHS } from "../../server/app.ts";
import { createClient, NOW, type Problem, testApi } from "./api_client.ts";
import { publishSmallSnapshot, temporaryLake } from "./small_lake.ts";
import { saveSmallSchedule } from "./small_schedule.ts";

testApi("an unknown address is answered as JSON to programs and as a page to browsers", async ({ get }) => {
  const answer = await get("/predict/revenue");
  assert.equal(answer.status, 404);
  const { error } = await answer.json() as Problem;
  assert.deepEqual([error.code, error.found], ["not_found", "/predict/revenue"]);
  const page = await get("/dashboards", { accept: "text/html,*/*" });
  assert.equal(page.status, 404);
  assert.match(await page.text(), /<h1>There is nothing at this address<\/h1>/);
});

testApi("another method than an endpoint's is answered with those it has", async ({ get }) => {
  const answer = await get("/predict/churn");
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get("allow"), "POST");
  assert.equal((await answer.json() as Problem).error.code, "method_not_allowed");
});

Deno.test("every answer has a request id and one structured line in the log, without the query", async () => {
  await using lake = await temporaryLake();
  const { get, log } = createClient(lake.store);
  const answer = await get("/recommend/CUST000001?n=3", { "x-request-id": "from-the-proxy" });
  assert.equal(answer.headers.get("x-request-id"), "from-the-proxy");
  assert.equal(log.length, 1);
  const { ms, ...line } = JSON.parse(log[0]!);
  assert.deepEqual(line, {
    time: "2024-10-02T06:00:00.000Z",
    request_id: "from-the-proxy",
    method: "GET",
    path: "/recommend/CUST000001",
    status: 503,
  });
  assert.equal(typeof ms, "number");
});

Deno.test("an unexpected error is logged with its stack and request id, and kept from the client", async () => {
  await using lake = await temporaryLake();
  const broken = { ...lake.store, list: () => Promise.reject(new Error("secret detail of the disk")) };
  const { get, log } = createClient(broken);
  const answer = await get("/reports");
  assert.equal(answer.status, 500);
  const text = await answer.text();
  const id = answer.headers.get("x-request-id")!;
  assert.doesNotMatch(text, /secret|\.ts/);
  assert.ok(text.includes(id));
  assert.ok(log.some((line) => line.includes(id) && line.includes("secret detail") && line.includes(".ts")));
});

Deno.test("a disk that is full is no bug of the server: it is named in the log, and not to visitors", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  const full = () =>
    Promise.reject(new DiskFullError("No space left on the disk", { remedy: "Make room in /secret." }));
  const store = { ...lake.store, put: full, putIfAbsent: full, putIfMatch: full };
  const { post, log } = createClient(store, { loopbackOnly: true });
  const answer = await post("/api/jobs/train-models/runs", {});
  assert.equal(answer.status, 503);
  const { error } = await answer.json() as Problem;
  assert.equal(error.code, "not_readable");
  assert.doesNotMatch(JSON.stringify(error), /secret/);
  assert.ok(log.some((line) => line.includes("Make room in /secret.")));
});

Deno.test("every route needs a key where there is one, except those that are listed as public", async () => {
  await using lake = await temporaryLake();
  await publishSmallSnapshot(lake.store);
  const { app } = createClient(lake.store, { apiKey: "right", operatorKey: "act" });
  const routes = new Set(
    app.routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`),
  );
  assert.ok(routes.size > 20, `${routes.size} routes`);
  const open: string[] = [];
  for (const route of routes) {
    const [method, path] = route.split(" ") as [string, string];
    const { status } = await app.request(path.replace(/:[^/]+/g, "x"), { method });
    if (status !== 401) open.push(path);
  }
  assert.deepEqual(open.sort(), PUBLIC_PATHS.toSorted());
  assert.equal((await app.request("/a/route/of/tomorrow")).status, 401);
});

Deno.test("with an API key, scoring and reports need it, and health does not", async () => {
  await using lake = await temporaryLake();
  await publishSmallSnapshot(lake.store);
  const { get, post } = createClient(lake.store, { apiKey: "right" });
  const key = (value: string) => ({ "x-api-key": value });
  const basic = (password: string) => ({ authorization: `Basic ${btoa(`reader:${password}`)}` });
  for (const path of ["/recommend/CUST000001", "/inventory/PROD00001", "/reports", "/reports/churn"]) {
    assert.equal((await get(path)).status, 401, path);
    assert.equal((await get(path, key("wrong"))).status, 401, path);
    assert.notEqual((await get(path, key("right"))).status, 401, path);
  }
  assert.equal((await post("/predict/churn", {}, key("righ"))).status, 401);
  assert.equal((await get("/health")).status, 200);

  const asked = await get("/reports", { accept: "text/html" });
  assert.match(asked.headers.get("www-authenticate")!, /^Basic/);
  assert.equal((await get("/reports", basic("right"))).status, 200);
  assert.equal((await get("/reports", basic("wrong"))).status, 401);
  const refused = await get("/inventory/PROD00001", basic("right"));
  assert.equal(refused.status, 401, "programs send the header");
  assert.equal(refused.headers.get("www-authenticate"), null);
  assert.match((await refused.json() as Problem).error.expected!, /x-api-key/);
});
