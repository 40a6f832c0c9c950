import assert from "node:assert/strict";
import { createOffersProgram } from "../../../../pipelines/commands/offers/main.ts";
import { AS_OF, createOfferLake, type OfferLake } from "../../../fixtures/offer_lake.ts";
import { type ApiClient, createClient } from "../../api_client.ts";
import { addDays } from "shopflow/ml/mod.ts";
import { readBusiness } from "shopflow/notebook/business_file.ts";
import type { Draw } from "shopflow/offers/ledger/mod.ts";

const open = ({ context }: OfferLake): ApiClient =>
  createClient(context.store, {
    now: () => new Date(`${AS_OF}T12:00:00Z`),
    business: () => readBusiness(context.config.businessFile),
    loopbackOnly: true,
  });

async function offers({ context }: OfferLake, ...args: string[]): Promise<string> {
  const printed: string[] = [];
  await createOffersProgram(() => context, (text) => printed.push(text)).parseAsync(args, { from: "user" });
  return printed.join("\n");
}

const drawOf = async (lake: OfferLake, ...args: string[]) =>
  JSON.parse(await offers(lake, "draw", "discount_15", "--json", ...args)) as Draw;

async function page(client: ApiClient, path: string, status = 200): Promise<string> {
  const answer = await client.get(path);
  const html = await answer.text();
  assert.equal(answer.status, status, html.slice(0, 500));
  assert.doesNotMatch(html, /<script/);
  return html.replaceAll(/<style>.*?<\/style>/gs, "").replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
}

Deno.test("the ledger's pages say how to begin, who was offered what, and what is not known yet", async () => {
  await using lake = await createOfferLake();
  const client = open(lake);
  assert.match(
    await page(client, "/offers"),
    /No list was drawn yet.*deno task offers plan.*Assumed.*saveRate 0\.25/,
  );
  const { id } = await drawOf(lake, "--budget", "300");
  assert.match(
    await page(client, "/offers"),
    /discount_15-2024-10-01 from 2024-10-01 discount_15 discount_15 15 % off playbook \d+ \d+ not known yet, from 2024-12-30/,
  );
  const trial = await page(client, "/offers/discount_15");
  assert.match(trial, /discount_15-2024-10-01 is not known yet/);
  assert.match(
    trial,
    /by the rule playbook \(churn probability above 0\.7\), from scores of churn churn-1 as of 2024-10-01/,
  );
  assert.match(trial, /Expected cost 2\d\d budget 300/);
  await offers(lake, "cancel", id, "--reason", "<b>wrong</b> prices");
  assert.match(await page(client, "/offers"), /cancelled &lt;b&gt;wrong&lt;\/b&gt; prices/);
  await page(client, "/offers/discount_15", 404);
});

Deno.test("a trial whose window is over shows its effect with intervals, as a table and as pictures", async () => {
  await using lake = await createOfferLake();
  const { customers } = await drawOf(lake, "--rule", "random", "--include-lapsed", "--hold-out", "0.5");
  await lake.publishOrders([
    ...customers.flatMap(({ customerId, arm }, i) =>
      (arm === "offered" ? i % 2 : i % 4) === 0
        ? [{ customer: customerId, day: "2024-10-20", amount: 100, discount: arm === "offered" ? 15 : 0 }]
        : []
    ),
    ...customers.map(({ customerId }, i) => ({
      customer: customerId,
      day: "2024-09-01",
      amount: 10 + i % 50,
    })),
    { customer: "C0001", day: "2024-12-29", amount: 5 },
  ]);
  const text = await page(open(lake), "/offers/discount_15");
  assert.match(
    text,
    /The offer raised customers who ordered by 2\d\.\d points \(95 % interval 2\d\.\d points to 3\d\.\d points\)\./,
  );
  assert.match(text, /Profit that the offers added, after discounts and contacts: \S+ , 95 % interval/);
  assert.match(text, /CUPED by earlier_sales/);
  const html = await (await open(lake).get("/offers/discount_15")).text();
  assert.equal(html.match(/<figure/g)?.length, 2);
  assert.equal(html.match(/<svg[^>]*class="marks"/g)?.length, 4);
  const csv = await (await open(lake).get("/offers/discount_15/outcomes.csv")).text();
  assert.match(csv, /^customer_id,draw,offered,probability,score,ordered,/);
  assert.equal(csv.trim().split("\n").length, 1001);
  const said = await offers(lake, "results", "discount_15");
  assert.match(said, /The offer raised customers who ordered by 2\d\.\d points/);
  assert.match(said, /^100 % +\S+ ± \S+ +\S+ ± \S+$/m);
  const rows = JSON.parse(await offers(lake, "results", "discount_15", "--rows"));
  assert.equal(rows.length, 1000);
});

Deno.test("an application asks for the offers of a customer on a day", async () => {
  await using lake = await createOfferLake();
  const { customers, id } = await drawOf(lake);
  const client = open(lake);
  const offered = customers.find(({ arm }) => arm === "offered")!.customerId;
  const held = customers.find(({ arm }) => arm !== "offered")!.customerId;
  const ask = async (path: string) => (await (await client.get(`/api/offers/${path}`)).json()).offers;
  assert.deepEqual(await ask(offered), [{
    offer: "discount_15",
    discount_percent: 15,
    amount: null,
    valid_from: "2024-10-01",
    valid_until: "2024-10-30",
    list: id,
    trial: "discount_15",
    rule: "playbook",
  }]);
  for (const path of [held, "nobody", `${offered}?on=2024-10-31`, `${offered}?on=2024-09-30`]) {
    assert.deepEqual(await ask(path), [], path);
  }
  assert.equal((await ask(`${offered}?on=2024-10-30`)).length, 1);
  const refused = await client.get(`/api/offers/${offered}?on=tomorrow`);
  assert.equal(refused.status, 400);
  assert.match((await refused.json()).error.expected, /YYYY-MM-DD/);
  await offers(lake, "cancel", id, "--reason", "wrong");
  assert.deepEqual(await ask(offered), []);
  const document = await (await client.get("/openapi.json")).json();
  assert.equal(document.paths["/api/offers/{customer_id}"].get.summary, "Offers of a customer");
});

Deno.test("the return of keeping customers comes from the shop, and every assumption can be changed", async () => {
  await using lake = await createOfferLake(50);
  // Everybody orders every 20 days for a year and a half; a third stop in May.
  await lake.publishOrders(
    Array.from({ length: 50 }, (_, i) => i + 1).flatMap((customer) =>
      Array.from({ length: 27 }, (_, order) => addDays("2023-03-01", 20 * order))
        .filter((day) => customer % 3 > 0 || day < "2024-05-01")
        .map((day) => ({ customer: `C${String(customer).padStart(4, "0")}`, day, amount: 30 }))
    ),
  );
  await Deno.writeTextFile(
    lake.context.config.businessFile,
    '{ "currency": "EUR", "playbook": { "saveRate": 0.9 } }',
  );
  const client = open(lake);
  const text = await page(client, "/roi");
  assert.match(text, /a year gained, after discounts and contacts/);
  assert.match(text, /Save rate \(%\) .*?From the business file/);
  assert.match(text, /Gross margin \(%\) .*?From an assumption/);
  assert.match(text, /Active customers .*?From the shop&#39;s orders, 20\d\d-\d\d-01 to 2024-\d\d-01/);
  const changed = await page(client, "/roi?lapsedShare=15&targetShare=10&activeCustomers=1,000&saveRate=50");
  assert.match(changed, /From 15 % to 10 % lapsing in a month/);
  assert.match(changed, /Customers kept a month 50 of 150 who lapse today/);
  const beyond = await page(client, "/roi?lapsedShare=15&targetShare=10&saveRate=10");
  assert.match(beyond, /does not bring it down to 10 %.*gets to 13\.5 %/);
  const tooMany = await page(
    client,
    "/roi?lapsedShare=15&targetShare=10&saveRate=50&precision=5&activeCustomers=1000",
  );
  assert.match(tooMany, /do not fit together: 2,000 offers a month are more than the 1,000 active customers/);
  assert.doesNotMatch(changed, /do not fit together/);
  for (
    const [query, problem] of [
      ["saveRate=much", /Save rate: expected a number from 0\.1 to 100 \(percent\), found much/],
      ["targetShare=99", /target is above the share who lapse today/],
      ["margin=-1", /Gross margin: expected a number from 0 to 100 \(percent\), found -1/],
      ["foo=1", /foo: no such assumption/],
      ["discount=%3Cb%3E", /found &lt;b&gt;/],
    ] as const
  ) {
    assert.match(await page(client, `/roi?${query}`, 400), problem);
  }
});

Deno.test("before the first snapshot the return asks for what it cannot know, and works it out from that", async () => {
  await using lake = await createOfferLake(20);
  const empty = createClient(
    (await import("shopflow/lake/store/mod.ts")).createDirectoryStore(`${lake.context.config.home}/other`),
    { loopbackOnly: true },
  );
  assert.match(await page(empty, "/roi"), /Nothing was published yet.*Fill in: active customers/);
  const given = "activeCustomers=1000&lapsedShare=15&targetShare=10&monthlySpend=40&margin=50&discount=20" +
    "&discountedMonths=1&saveRate=50&precision=80&contactCost=1&monthsCounted=2";
  assert.match(await page(empty, `/roi?${given}`), /14,100 a year gained/);
  assert.match(await page(empty, "/offers"), /No list was drawn yet/);
  // A shop whose first order is yet to come.
  await lake.publishOrders([]);
  const young = open(lake);
  assert.match(await page(young, "/roi"), /history is too short.*Fill in: active customers/);
  assert.match(await page(young, "/offers"), /No list was drawn yet/);
});
