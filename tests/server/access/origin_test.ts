import assert from "node:assert/strict";
import { createClient, type Problem } from "../api_client.ts";
import { temporaryLake } from "../small_lake.ts";

const PATHS = [
  "/",
  "/reports",
  "/jobs",
  "/api/jobs",
  "/metrics",
  "/health",
  "/docs",
  "/openapi.json",
  "/recommend/CUST000001",
  "/inventory/PROD00001",
  "/nothing",
];

Deno.test("without a key, nothing is read under a name that is not the server's (DNS rebinding)", async () => {
  await using lake = await temporaryLake();
  const { get, post, submit } = createClient(lake.store, { loopbackOnly: true });
  const foreign = { host: "evil.example:8000" };
  for (const path of PATHS) {
    const answer = await get(path, foreign);
    assert.equal(answer.status, 421, path);
    const { error } = await answer.json() as Problem;
    assert.deepEqual([error.code, error.found], ["other_host", "evil.example"]);
    assert.match(error.remedy!, /SHOPFLOW_PUBLIC_URL/);
    assert.equal(
      (await get(path, { host: "localhost:8000" })).headers.get("access-control-allow-origin"),
      null,
    );
  }
  assert.equal((await post("/predict/churn", { customer_id: "CUST000001" }, foreign)).status, 421);
  assert.equal((await submit("/jobs/refresh-data/run", {}, foreign)).status, 421);
  // What a proxy would say of the client is the client's word.
  assert.equal((await get("/reports", { ...foreign, "x-forwarded-host": "localhost" })).status, 421);
  // HTTP takes the host of the target before the header.
  assert.equal((await get("http://evil.example/reports", { host: "localhost" })).status, 421);
  const page = await get("/reports", { ...foreign, accept: "text/html" });
  assert.match(await page.text(), /This server does not answer for that host/);
});

Deno.test("this machine's names, addresses and the server's own names are answered, on any port", async () => {
  await using lake = await temporaryLake();
  const { get } = createClient(lake.store, { loopbackOnly: true, names: ["Shopflow.example.com"] });
  const own = [
    "localhost",
    "LOCALHOST:9000",
    "localhost.",
    "shop.localhost:8000",
    "127.0.0.1:8000",
    "127.1.2.3",
    "[::1]:8000",
    "10.1.2.3:8000",
    "[fd00::1]",
    "shopflow.example.com",
    "SHOPFLOW.example.com:443",
  ];
  for (const host of own) assert.equal((await get("/openapi.json", { host })).status, 200, host);
  const others = [
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil-shopflow.example.com",
    "notlocalhost",
  ];
  for (const host of others) assert.equal((await get("/openapi.json", { host })).status, 421, host);
});

Deno.test("a Host that is none is a 400, with or without a key", async () => {
  await using lake = await temporaryLake();
  for (const options of [{ loopbackOnly: true }, { apiKey: "key" }]) {
    const { get } = createClient(lake.store, options);
    const malformed = [
      "a b",
      "a,b",
      "user@localhost",
      "localhost/x",
      "localhost:port",
      "[::1",
      "a:1:2",
      "http://a",
      "?",
    ];
    for (const host of malformed) {
      const answer = await get("/health", { host });
      assert.equal(answer.status, 400, host);
      assert.equal((await answer.json() as Problem).error.code, "malformed_host");
    }
  }
});

Deno.test("with a key, which pages of other sites do not have, any name is answered", async () => {
  await using lake = await temporaryLake();
  const { get } = createClient(lake.store, { apiKey: "key" });
  const host = "shopflow.shop.svc.cluster.local";
  assert.equal((await get("/openapi.json", { host })).status, 200);
  assert.equal((await get("/reports", { host })).status, 401);
});
