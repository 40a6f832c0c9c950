import assert from "node:assert/strict";
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { z } from "zod";
import { createClient, testApi } from "../api_client.ts";
import {
  publishChurnScores,
  publishInventoryPlan,
  publishSmallSnapshot,
  publishWholeLake,
  temporaryLake,
} from "../small_lake.ts";

testApi("openapi.json describes every endpoint with its answers", async ({ get }) => {
  const { openapi, paths } = await (await get("/openapi.json")).json();
  assert.equal(openapi, "3.1.0");
  assert.deepEqual(Object.keys(paths).sort(), [
    "/api/jobs",
    "/api/jobs/{name}/backfill",
    "/api/jobs/{name}/pause",
    "/api/jobs/{name}/resume",
    "/api/jobs/{name}/runs",
    "/api/jobs/{name}/runs/{time}",
    "/api/jobs/{name}/runs/{time}/cancel",
    "/api/offers/{customer_id}",
    "/health",
    "/inventory/{product_id}",
    "/lifetime_value/{customer_id}",
    "/predict/churn",
    "/recommend/{customer_id}",
    "/segments/{customer_id}",
  ]);
  assert.deepEqual(Object.keys(paths["/inventory/{product_id}"].get.responses), [
    "200",
    "400",
    "401",
    "404",
    "503",
  ]);
  const { n } = Object.fromEntries(
    paths["/recommend/{customer_id}"].get.parameters.map((
      parameter: { name: string },
    ) => [parameter.name, parameter]),
  );
  assert.deepEqual([n.schema.minimum, n.schema.maximum, n.required], [1, 20, false]);
});

interface Document {
  paths: Record<
    string,
    Record<string, {
      parameters?: { name: string; in: string; schema: { example?: unknown } }[];
      requestBody?: {
        content: Record<
          string,
          { schema: z.core.JSONSchema.BaseSchema; examples: Record<string, { value: unknown }> }
        >;
      };
    }>
  >;
}

testApi("every example of openapi.json fits its schema, and is answered", async ({ get, post }) => {
  const { paths } = await (await get("/openapi.json")).json() as Document;
  let bodies = 0, parameters = 0;
  for (const [path, { get: read, post: write }] of Object.entries(paths)) {
    for (const { schema, examples } of Object.values(write?.requestBody?.content ?? {})) {
      for (const { value } of Object.values(examples ?? {})) {
        assert.ok(z.fromJSONSchema(schema).safeParse(value).success, JSON.stringify(value));
        if (!path.startsWith("/api/jobs")) assert.equal((await post(path, value)).status, 200, path);
        bodies++;
      }
    }
    if (path.startsWith("/api/jobs")) continue;
    const inPath = read?.parameters?.filter((parameter) => parameter.in === "path") ?? [];
    for (const { name, schema } of inPath) {
      assert.equal(z.fromJSONSchema(schema).parse(schema.example), schema.example);
      const asked = path.replace(`{${name}}`, encodeURIComponent(String(schema.example)));
      assert.equal((await get(asked)).status, 200, asked);
      parameters++;
    }
  }
  assert.ok(bodies >= 3 && parameters >= 2, `${bodies} bodies and ${parameters} parameters`);
});

Deno.test("examples ask about customers who have a score, whatever their ids are", async () => {
  await using lake = await temporaryLake();
  const customers = ["CUST000002", `it's "q" \\ {a/b} #1 ✓`];
  await publishSmallSnapshot(lake.store);
  await publishChurnScores(lake.store, { ids: customers });
  await publishInventoryPlan(lake.store);
  const { get } = createClient(lake.store);
  const { paths } = await (await get("/openapi.json")).json() as Document;
  const [content] = Object.values(paths["/predict/churn"]!.post!.requestBody!.content);
  assert.deepEqual(content!.examples.customer!.value, { customer_id: customers[0] });
  assert.deepEqual(content!.examples.customers!.value, { customer_ids: customers });
  for (const page of ["/docs", "/reports"]) {
    const html = await (await get(page)).text();
    assert.match(html, /\{&quot;customer_id&quot;:&quot;CUST000002&quot;\}/, page);
  }
  const docs = await (await get("/docs")).text();
  const command = docs.match(/-d (&#39;\{&quot;customer_ids.*?)<\/code>/s)![1]!
    .replaceAll("&#39;", "'").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf %s ${command}`] }).output();
  assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), { customer_ids: customers });
});

Deno.test("with a key, openapi.json is public and shows no id of the shop", async () => {
  await using lake = await temporaryLake();
  await publishWholeLake(lake.store);
  await publishChurnScores(lake.store, { ids: ["secret-customer"] });
  const { get } = createClient(lake.store, { apiKey: "k" });
  assert.doesNotMatch(await (await get("/openapi.json")).text(), /secret-customer/);
  assert.match(await (await get("/docs", { "x-api-key": "k" })).text(), /secret-customer/);
});

testApi(
  "the page /docs lists the features of the churn model with unit, need and values",
  async ({ get }) => {
    const page = await (await get("/docs")).text();
    const rows = [
      ...page.matchAll(
        /<tr[^>]*><td[^>]*><code>(\w+)<\/code><\/td><td[^>]*>(\w+)<\/td><td[^>]*>[^<]*<\/td><td[^>]*>(.*?)<\/td><td[^>]*>(.*?)<\/td>/g,
      ),
    ]
      .map(([, ...cells]) => cells);
    assert.deepEqual(rows.slice(0, 2), [
      ["recency_days", "days", "yes", "a number from 0 to 365 (the training saw 0 to 295)"],
      ["order_count", "orders", "yes", "a whole number from 1 to 40 (the training saw 1 to 4)"],
    ]);
    assert.deepEqual(rows.slice(2).map(([name, , required]) => [name, required]), [
      ["tickets_open", ""],
      ["carts_90d", ""],
    ]);
  },
);

Deno.test("the page /docs lists every feature before a model was trained", async () => {
  await using lake = await temporaryLake();
  const page = await (await createClient(lake.store).get("/docs")).text();
  for (const { name } of CUSTOMER_FEATURES.features) assert.match(page, new RegExp(`<code>${name}</code>`));
});

testApi("every command on the page /docs can be sent as it is", async ({ get, post }) => {
  const page = await (await get("/docs")).text();
  const commands = [
    ...page.matchAll(/curl &#39;http:\/\/localhost(.*?)&#39;([^<]*?-X POST)?(?:[^<]*?-d &#39;(.*?)&#39;)?/gs),
  ];
  assert.equal(commands.length, 17);
  for (const [, path, empty, body] of commands) {
    const text = body?.replaceAll("&quot;", '"');
    const answer = text === undefined && !empty
      ? await get(path!.replaceAll("&amp;", "&"))
      : await post(path!, text ?? "");
    assert.ok([200, 202].includes(answer.status), `${path} ${text ?? ""}: ${await answer.text()}`);
  }
});

Deno.test("the page /docs says when a key is needed", async () => {
  await using lake = await temporaryLake();
  assert.doesNotMatch(await (await createClient(lake.store).get("/docs")).text(), /x-api-key/);
  const locked = createClient(lake.store, { apiKey: "k" });
  assert.match(await (await locked.get("/docs", { "x-api-key": "k" })).text(), /x-api-key/);
  assert.equal((await locked.get("/docs")).status, 401, "its commands hold ids of customers");
});
