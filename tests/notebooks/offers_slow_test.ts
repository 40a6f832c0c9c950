import assert from "node:assert/strict";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import type { Draw } from "shopflow/offers/ledger/mod.ts";
import { createOffersProgram } from "../../pipelines/commands/offers/main.ts";
import { outputOf } from "../fixtures/notebook_output.ts";
import { createOfferLake, type OfferLake } from "../fixtures/offer_lake.ts";

const NOTEBOOK = new URL("../../notebooks/offers.ipynb", import.meta.url).pathname;

async function drawOf({ context }: OfferLake, ...args: string[]): Promise<Draw> {
  const printed: string[] = [];
  await createOffersProgram(() => context, (text) => printed.push(text))
    .parseAsync(["draw", "discount_15", "--json", ...args], { from: "user" });
  return JSON.parse(printed.join("\n"));
}

Deno.test("before a trial the notebook of offers says how to begin, and shows invented customers as such", async () => {
  await using lake = await createOfferLake(300);
  const run = await runNotebook(NOTEBOOK, lake.context);
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(
    outputOf(run, "ledger"),
    /No list was drawn yet.*deno task offers plan.*Invented customers.*Nothing in it is of your shop/s,
  );
  assert.match(outputOf(run, "effects"), /true effect/);
  for (const cell of ["intervals", "policies"]) assert.match(outputOf(run, cell), /<svg/, cell);
  assert.match(outputOf(run, "roi"), /Not known yet/);
});

Deno.test("the notebook reads a trial of the ledger, and its true effect is not known", async () => {
  await using lake = await createOfferLake(600);
  const { customers } = await drawOf(lake, "--rule", "random", "--include-lapsed", "--hold-out", "0.5");
  await lake.publishOrders([
    ...customers.flatMap(({ customerId, arm }, i) =>
      (arm === "offered" ? i % 2 : i % 4) === 0
        ? [{ customer: customerId, day: "2024-10-20", amount: 100 }]
        : []
    ),
    { customer: "C0001", day: "2024-12-29", amount: 5 },
  ]);
  const run = await runNotebook(NOTEBOOK, lake.context, { check: false });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(
    outputOf(run, "ledger"),
    /The trial <strong>discount_15<\/strong>: \d+ customers got the offer|The trial \*\*discount_15\*\*/,
  );
  assert.match(outputOf(run, "effect"), /The offer raised customers who ordered by/);
  assert.match(outputOf(run, "effects"), /not known/);
  assert.match(outputOf(run, "uplift"), /The rule uplift (chooses|does not choose yet)/);
});
