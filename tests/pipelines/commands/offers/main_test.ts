import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { createOffersProgram } from "../../../../pipelines/commands/offers/main.ts";
import type { PipelineContext } from "../../../../pipelines/context.ts";
import { planGarbage, removeGarbage } from "../../../../pipelines/steps/remove_garbage.ts";
import { saveAudience } from "shopflow/segments/audiences/mod.ts";
import { createOfferLake } from "../../../fixtures/offer_lake.ts";
import type { Draw } from "shopflow/offers/ledger/mod.ts";

/** What a command prints. */
async function offers(context: PipelineContext, ...args: string[]): Promise<string> {
  const printed: string[] = [];
  await createOffersProgram(() => context, (text) => printed.push(text)).parseAsync(args, { from: "user" });
  return printed.join("\n");
}

const drawOf = async (context: PipelineContext, ...args: string[]) =>
  JSON.parse(await offers(context, "draw", "discount_15", "--json", ...args)) as Draw;

Deno.test("a list is drawn within its budget, recorded and shown", async () => {
  await using lake = await createOfferLake();
  const { context } = lake;
  assert.match(
    await offers(context, "list"),
    /discount_15 +15 % off .*\nAssumed.*margin 0\.45.*\n\nNo list was drawn yet/,
  );
  const text = await offers(context, "draw", "discount_15", "--budget", "300");
  assert.match(text, /^The list discount_15-2024-10-01 is recorded\.$/m);
  assert.match(text, /^rule +playbook: churn probability above 0\.7$/m);
  assert.match(text, /^limits +budget 300$/m);
  assert.match(text, /^offered +\d+ customers, expected to cost (2\d\d|300);/m);
  assert.match(text, /^held out +\d+ customers? \(20 %, seed 42; each was offered with probability 0\.8\)$/m);
  assert.match(text, /^scores +churn churn-1, snapshot scored-snapshot, as of 2024-10-01$/m);
  assert.match(text, /^not listed +500 lapsed already$/m);
  const shown = await offers(context, "show", "discount_15-2024-10-01", "--rows", "3");
  assert.match(shown, /^C0001 +(offered|held out \(trial\)) +1 +/m);
  assert.match(await offers(context, "list"), /^discount_15-2024-10-01 .* 2024-12-30 +drawn$/m);
  assert.match(
    await offers(context, "results", "discount_15"),
    /^discount_15: no outcome is known yet\n.*are known from 2024-12-30 on/,
  );
  await assert.rejects(offers(context, "show", "other"), {
    message: /no such list: expected discount_15-2024-10-01, found "other"/,
  });
});

Deno.test("who was deleted at the shop after the scoring is on no list", async () => {
  await using lake = await createOfferLake();
  const listed = ({ customers }: Draw) => customers.map(({ customerId }) => customerId);
  assert.ok(listed(await drawOf(lake.context, "--dry-run")).includes("C0001"));
  await lake.publishOrders([{ customer: "C0003", day: "2024-09-30", amount: 10 }], { deleted: ["C0001"] });
  const drawn = listed(await drawOf(lake.context));
  assert.ok(drawn.length > 0 && !drawn.includes("C0001"));
});

Deno.test("a dry run records nothing, and the same draw again returns the recorded list", async () => {
  await using lake = await createOfferLake();
  const { context } = lake;
  const dry = await drawOf(context, "--dry-run");
  assert.match(await offers(context, "list"), /No list was drawn yet/);
  const drawn = await drawOf(context);
  assert.deepEqual(drawn, dry);
  const later = lake.at("2024-11-05T09:00:00Z");
  assert.deepEqual(await drawOf(later), drawn);
  assert.match(await offers(later, "draw", "discount_15"), /was drawn already, on 2024-10-01 08:00:00Z/);
  await assert.rejects(drawOf(later, "--budget", "5"), { message: /drawn already, with another budget/ });
});

Deno.test("commands at once never offer a customer something twice", async () => {
  await using lake = await createOfferLake();
  const lists = await Promise.all(
    ["a", "b", "c", "d"].map((trial) =>
      drawOf(lake.context, "--rule", "random", "--trial", trial, "--most", "60")
    ),
  );
  const offered = lists.flatMap(({ customers }) => customers).filter(({ arm }) => arm === "offered")
    .map(({ customerId }) => customerId);
  assert.ok(offered.length > 150);
  assert.equal(new Set(offered).size, offered.length);
});

Deno.test("an export has those who are offered something, and what they are offered", async () => {
  await using lake = await createOfferLake();
  const { context } = lake;
  const draw = await drawOf(context, "--most", "40");
  const file = join(context.config.home, "list.csv");
  await offers(context, "export", draw.id, file);
  const rows = parse(await Deno.readTextFile(file), { columns: true }) as Record<string, string>[];
  assert.deepEqual(
    rows.map(({ customer_id }) => customer_id),
    draw.customers.filter(({ arm }) => arm === "offered").map(({ customerId }) => customerId),
  );
  const { customer_id: _, ...first } = rows[0]!;
  assert.deepEqual(first, {
    offer: "discount_15",
    discount_percent: "15",
    amount: "",
    valid_from: "2024-10-01",
    valid_until: "2024-10-30",
    list: draw.id,
    trial: "discount_15",
  });
  await offers(context, "export", draw.id, file, "--with-held-out");
  const all = parse(await Deno.readTextFile(file), { columns: true }) as Record<string, string>[];
  assert.equal(all.length, 40);
  assert.ok(all.some(({ group }) => group === "held out (trial)"));
});

Deno.test("a list that was not sent can be cancelled with a reason, and stays in the ledger", async () => {
  await using lake = await createOfferLake();
  const { context } = lake;
  const { id, customers } = await drawOf(context);
  await assert.rejects(offers(context, "cancel", id, "--reason", " "), { message: /needs a reason/ });
  const file = join(context.config.home, "list.csv");
  await offers(context, "export", id, file);
  await assert.rejects(offers(context, "cancel", id, "--reason", "wrong prices"), {
    message: /was exported, so it may have been sent.*--not-sent/s,
  });
  await offers(context, "cancel", id, "--reason", "wrong prices", "--not-sent");
  await assert.rejects(offers(context, "cancel", id, "--reason", "again"), { message: /cancelled already/ });
  await assert.rejects(offers(context, "export", id, file), { message: /was cancelled.*wrong prices/ });
  assert.match(await offers(context, "show", id), /: cancelled\n.*\nexported .*\ncancelled .*: wrong prices/);
  // Its customers are free again.
  assert.deepEqual((await drawOf(context, "--id", "second")).customers, customers);
});

Deno.test("garbage collection leaves the ledger alone", async () => {
  await using lake = await createOfferLake();
  await drawOf(lake.context);
  const years = lake.at("2034-10-01T08:00:00Z");
  const before = await lake.context.store.list("offers/");
  await lake.publishOrders([{ customer: "C0002", day: "2024-10-02", amount: 10 }]);
  await removeGarbage(years, { keep: 1, minimumAgeMs: 0 });
  await planGarbage(years, { keep: 1, minimumAgeMs: 0 });
  assert.deepEqual(await lake.context.store.list("offers/"), before);
  assert.equal(before.length, 1);
});

const REFUSED: [args: string[], message: RegExp][] = [
  [["draw", "ten_off"], /no such offer: expected .*discount_15, found "ten_off".*offers\.list/s],
  [
    ["draw", "discount_15", "--rule", "best"],
    /no such rule: expected playbook, value_at_risk, uplift, random/,
  ],
  [
    ["draw", "discount_15", "--starts", "2024-01-01"],
    /begins before the day of the scores: expected 2024-10-01/,
  ],
  [["draw", "discount_15", "--starts", "soon"], /YYYY-MM-DD, found "soon"/],
  [["draw", "discount_15", "--hold-out", "20"], /Invalid share of the hold-out/],
];

for (const [args, message] of REFUSED) {
  Deno.test(`offers ${args.join(" ")} is refused, and records nothing`, async () => {
    await using lake = await createOfferLake(20);
    await assert.rejects(offers(lake.context, ...args), { name: "InputError", message });
    assert.deepEqual(await lake.context.store.list("offers/"), []);
  });
}

Deno.test("a list of nobody is not recorded", async () => {
  await using lake = await createOfferLake(20);
  await lake.context.store.put("unrelated/object", new Uint8Array());
  await Deno.writeTextFile(lake.context.config.businessFile, '{ "playbook": { "riskAbove": 1 } }');
  await assert.rejects(drawOf(lake.context), {
    message: /Nobody would be on the list.*10 lapsed already, 10 not chosen by the rule.*--rule/s,
  });
});

Deno.test("a list can be limited to a saved audience, whose version it records", async () => {
  await using lake = await createOfferLake(100);
  const { store } = lake.context;
  await saveAudience(store, {
    name: "vip",
    description: "the best",
    members: ["C0001", "C0003", "C0099"],
    snapshot: "scored-snapshot",
    asOf: "2024-10-01",
    savedAt: "2024-10-01T00:00:00Z",
    savedBy: "test",
  });
  const draw = await drawOf(lake.context, "--rule", "random", "--audience", "vip");
  assert.deepEqual(draw.customers.map(({ customerId }) => customerId).sort(), ["C0001", "C0003", "C0099"]);
  assert.equal(draw.request.audience, "vip@1");
  await assert.rejects(drawOf(lake.context, "--audience", "nobody", "--id", "x"), { name: "InputError" });
});

Deno.test("the rule uplift says in the record why it ranks by value at risk before a trial", async () => {
  await using lake = await createOfferLake(100);
  const { rule } = await drawOf(lake.context, "--rule", "uplift");
  assert.deepEqual([rule.name, rule.ranksBy, rule.because], [
    "uplift",
    "value_at_risk",
    "No trial of this offer, as it is now, was drawn yet.",
  ]);
});

Deno.test("a plan says how many customers a trial needs, from the shop or from what is given", async () => {
  await using lake = await createOfferLake(400);
  const { context } = lake;
  assert.match(
    await offers(context, "plan"),
    /^\d[\d,]* customers: .*\n.*found with a probability of 80.* %.*\nbaseline: 200 active customers.*\neffect: the playbook's save rate of 0\.25, which is assumed/,
  );
  const plan = JSON.parse(
    await offers(context, "plan", "--baseline", "0.5", "--effect", "0.1", "--hold-out", "0.5", "--json"),
  );
  // Fleiss, Levin and Paik, as statsmodels has it: 387.3 in each group.
  assert.equal(plan.rows, 776);
  assert.match(await offers(context, "plan", "--customers", "400"), /An effect of \d+\.\d+ points/);
  await assert.rejects(offers(context, "plan", "--baseline", "50", "--effect", "0.1"), {
    message: /Invalid baseline/,
  });
});
