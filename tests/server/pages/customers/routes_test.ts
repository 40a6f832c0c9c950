import { loadAudience } from "shopflow/segments/audiences/mod.ts";
import assert from "node:assert/strict";
import type { ServerDependencies } from "../../../../server/app.ts";
import { segmentedShop } from "../../../fixtures/segmented_shop.ts";
import { type ApiClient, createClient, type Problem } from "../../api_client.ts";
import { publishCuratedShop } from "../../segmented_lake.ts";
import { temporaryLake } from "../../small_lake.ts";

type Lake = Awaited<ReturnType<typeof temporaryLake>>;
const basic = (user: string, password: string) => ({ authorization: `Basic ${btoa(`${user}:${password}`)}` });

async function withShop(
  work: (client: ApiClient, lake: Lake & { snapshot: string }) => Promise<void>,
  options: Omit<ServerDependencies, "store" | "runtime"> = { loopbackOnly: true },
): Promise<void> {
  await using lake = await temporaryLake();
  const snapshot = await publishCuratedShop(lake.store, segmentedShop());
  await work(createClient(lake.store, options), { ...lake, snapshot });
}

/** The texts of the first column of the table of customers. */
const idsOf = (html: string) => [...html.matchAll(/<th scope="row">(C\d\d)<\/th>/g)].map(([, id]) => id!);

Deno.test("the page of all customers leads to each segment, and a cell's page lists who is in it", () =>
  withShop(async ({ get }, { snapshot }) => {
    const all = await (await get("/customers")).text();
    assert.match(all, /<h1 class="title">All customers<\/h1>/);
    assert.match(
      all,
      /59 customers, as they were before 2024-06-20\.\s*Not listed: 1 whom the shop has deleted since/,
    );
    const [, href = ""] = all.match(/href="([^"]+)">Champions</)!;
    const page = await (await get(href.replaceAll("&amp;", "&"))).text();
    assert.match(page, /<h1 class="title">Segment Champions<\/h1>/);
    assert.match(page, /What to do: Thank them/);
    const csv = await (await get(`/customers.csv?segment=champions&snapshot=${snapshot}`)).text();
    assert.deepEqual(csv.trim().split("\n").slice(1).map((line) => line.split(",")[0]), idsOf(page));
    assert.match(csv, /^customer_id,country,segment,recency_days,orders,net_sales,r,f,m\n/);
    assert.doesNotMatch(page + csv, /\w@\w/, "no addresses");
  }));

Deno.test("a list is searched, and conditions that make no sense are refused in words", () =>
  withShop(async ({ get }) => {
    const page = await (await get("/customers?q=uk")).text();
    assert.match(page, /20 customers of 59 with “uk”/);
    assert.match(
      await (await get("/customers?q=%3Cscript%3E")).text(),
      /0 customers of 59 with “&lt;script&gt;”/,
    );
    const refused = await get("/customers?segment=best");
    assert.equal(refused.status, 400);
    const { error } = await refused.json() as Problem;
    assert.match(error.message, /Invalid condition “segment” of customers/);
    assert.match(error.expected ?? "", /champions, loyal/);
    assert.equal((await get("/customers?page=99")).status, 200);
  }));

Deno.test("a list is of the data of its report, and says when there is newer data, or that the old is gone", () =>
  withShop(async ({ get }, { store, snapshot }) => {
    assert.doesNotMatch(await (await get(`/customers?snapshot=${snapshot}`)).text(), /newer data/);
    const rows = segmentedShop();
    await publishCuratedShop(
      store,
      { ...rows, fact_orders: rows.fact_orders!.slice(5) },
      new Date("2024-06-21T06:00:00Z"),
    );
    const old = await (await get(`/customers?r=5&snapshot=${snapshot}`)).text();
    assert.match(old, /by the data of the report you come from; there is newer data/);
    assert.match(old, /href="\/customers\?r=5">See the list by the newest data/);
    assert.match(await (await get("/customers?snapshot=0123456789abcdef")).text(), /no longer kept/);
  }));

Deno.test("a list is saved as an audience, by those who may act, from a page of this server", () =>
  withShop(async ({ get, submit, app }, { store, snapshot }) => {
    const form = await (await get("/customers?r=5&as_of=2024-06-01")).text();
    assert.match(form, /<form class="actions" method="post" action="\/audiences">/);
    assert.match(form, /type="hidden" name="as_of" value="2024-06-01"/);
    const fields = { r: "5", as_of: "2024-06-01", snapshot, name: "recent-ones" };
    const saved = await submit("/audiences", fields, basic("anna", ""));
    assert.equal(saved.status, 303);
    assert.equal(saved.headers.get("location"), "/audiences/recent-ones?did=saved");
    const audience = await loadAudience(store, "recent-ones");
    assert.deepEqual([audience.savedBy, audience.asOf, audience.snapshot, audience.description], [
      "anna (server)",
      "2024-06-01",
      snapshot,
      "score recency 5",
    ]);
    assert.deepEqual(audience.conditions, { as_of: "2024-06-01", r: 5 });
    const page = await (await get("/audiences/recent-ones?did=saved")).text();
    assert.match(page, /Saved \d+ customers as recent-ones, version 1/);
    const csv = await (await get("/audiences/recent-ones.csv?version=1")).text();
    assert.deepEqual(csv.trim().split("\n"), ["customer_id", ...audience.members]);
    assert.match(await (await get("/audiences")).text(), /href="\/audiences\/recent-ones"/);

    const taken = await submit("/audiences", { ...fields, r: "4" });
    assert.equal(taken.status, 400);
    assert.match((await taken.json() as Problem).error.message, /There is an audience recent-ones already/);
    assert.equal((await submit("/audiences", { ...fields, r: "4", new_version: "yes" })).status, 303);
    assert.equal((await loadAudience(store, "recent-ones")).version, 2);
    assert.equal((await submit("/audiences", { ...fields, name: "Not a name!" })).status, 400);
    assert.equal((await submit("/audiences", fields, { origin: "https://evil.example" })).status, 403);
    const silent = await app.request("/audiences", { method: "POST", body: new URLSearchParams(fields) });
    assert.equal(silent.status, 403);
    assert.equal((await get("/audiences/nobody")).status, 404);
    assert.equal((await get("/audiences/nobody.csv")).status, 404);
  }));

Deno.test("customers are read with the key of reports, and saved with the operator's", () =>
  withShop(async ({ get, submit }, { snapshot }) => {
    for (const path of ["/customers", "/customers.csv", "/audiences", "/audiences/a"]) {
      assert.equal((await get(path)).status, 401, path);
    }
    assert.equal((await get("/customers", { "x-api-key": "reader" })).status, 200);
    const fields = { r: "5", snapshot, name: "a" };
    assert.equal((await submit("/audiences", fields, basic("anna", "reader"))).status, 401);
    assert.equal((await submit("/audiences", fields, basic("anna", "operator"))).status, 303);
  }, { apiKey: "reader", operatorKey: "operator" }));

Deno.test("where nobody may act, the page says how that is changed, and a lake without data how it is filled", async () => {
  await withShop(async ({ get, submit }, { snapshot }) => {
    assert.match(
      await (await get("/customers")).text(),
      /Saving audiences is turned off here\. Start the server with SHOPFLOW_OPERATOR_KEY/,
    );
    const refused = await submit("/audiences", { name: "a", snapshot });
    assert.equal(refused.status, 403);
    assert.match((await refused.json() as Problem).error.message, /^Saving audiences is turned off/);
  }, { loopbackOnly: false });
  await using lake = await temporaryLake();
  const answer = await createClient(lake.store, { loopbackOnly: true }).get("/customers");
  assert.equal(answer.status, 503);
});

Deno.test("who was deleted since is in no list of older data, and in no file of an audience", () =>
  withShop(async ({ get, submit }, { store, snapshot }) => {
    const list = await (await get(`/customers.csv?r=5&snapshot=${snapshot}`)).text();
    const [gone = "", ...others] = list.trim().split("\n").slice(1).map((line) => line.split(",")[0]!);
    assert.equal(
      (await submit("/audiences", { r: "5", snapshot, name: "recent-ones" }, basic("anna", ""))).status,
      303,
    );
    const rows = segmentedShop();
    // The last cell of a customer is is_deleted.
    const dim_customers = rows.dim_customers!.map((row) =>
      row[0] === gone ? [...row.slice(0, -1), true] : row
    );
    await publishCuratedShop(store, { ...rows, dim_customers }, new Date("2024-06-21T06:00:00Z"));
    const [page, csv, file] = await Promise.all(
      [
        `/customers?r=5&snapshot=${snapshot}`,
        `/customers.csv?r=5&snapshot=${snapshot}`,
        "/audiences/recent-ones.csv",
      ]
        .map(async (path) => await (await get(path)).text()),
    );
    assert.deepEqual(idsOf(page!), others);
    assert.doesNotMatch(csv! + file!, new RegExp(gone));
    assert.deepEqual(file!.trim().split("\n").slice(1), others.toSorted());
  }));

Deno.test("a list about days that are not known yet is refused in words", () =>
  withShop(async ({ get }) => {
    const refused = await get("/customers?cohort=2024-05&age=9&ordered=no");
    assert.equal(refused.status, 400);
    assert.match((await refused.json() as Problem).error.message, /about days that are not known yet/);
  }));
