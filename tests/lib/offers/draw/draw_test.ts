import assert from "node:assert/strict";
import { addDays } from "shopflow/ml/mod.ts";
import { type DrawInputs, drawList, type DrawOptions, drawTotals } from "../../../../lib/offers/draw/draw.ts";
import type { Draw, OfferEvent } from "../../../../lib/offers/ledger/events.ts";
import { inputs, OFFER, options, population } from "../listed_population.ts";

function draw(
  asked: Partial<DrawOptions> = {},
  from: Partial<DrawInputs> = {},
  events: OfferEvent[] = [],
): Draw {
  return drawList(options(asked), inputs(from), events).draw;
}

const ids = (list: Draw, arm?: string) =>
  list.customers.filter((customer) => arm === undefined || customer.arm === arm).map(({ customerId }) =>
    customerId
  );

Deno.test("a list follows the rule's order and records why each customer is on it", () => {
  const list = draw({ most: 50 });
  const scores = list.customers.map(({ score }) => score);
  assert.equal(scores.length, 50);
  assert.deepEqual(scores, scores.toSorted((a, b) => b - a));
  assert.equal(list.id, "tenth-2024-10-01");
  assert.equal(list.startsOn, "2024-10-01");
  assert.equal(list.drawnAt, "2024-10-01T08:00:00.000Z");
  assert.deepEqual([list.model.version, list.snapshot, list.rule.name], [
    "v1",
    "snapshot-1",
    "value_at_risk",
  ]);
  assert.equal(list.treatmentProbability, 0.8);
  assert.equal(list.customers[0]!.covariates.usual_spend, 100);
  assert.deepEqual(list.notListed, [{ reason: "beyond the budget or the size of the list", customers: 950 }]);
});

Deno.test("the playbook's rule takes those above its risk only", () => {
  const list = draw({ rule: "playbook" }, { riskAbove: 0.7 });
  assert.equal(list.customers.length, 300);
  assert.ok(list.customers.every(({ score }) => score > 0.7));
  assert.equal(list.rule.riskAbove, 0.7);
  assert.deepEqual(list.notListed, [{ reason: "not chosen by the rule", customers: 700 }]);
});

Deno.test("a list never costs more than its budget, and uses it up to the next customer", () => {
  for (const budget of [5, 50, 500, 5000]) {
    const list = draw({ budget });
    const { expectedCost, offered } = drawTotals(list);
    assert.ok(expectedCost <= budget, `${expectedCost} of ${budget}`);
    // The next offer would have cost at most its contact and a tenth of 100.
    assert.ok(expectedCost > budget - 11);
    assert.ok(offered > 0);
    assert.ok(list.customers.filter(({ arm }) => arm !== "offered").every((held) => held.expectedCost === 0));
  }
  assert.equal(draw({ budget: 1 }).customers.filter(({ arm }) => arm === "offered").length, 0);
});

Deno.test("the hold-out has its share, is the same whoever else is listed, and differs between trials and seeds", () => {
  const list = draw({ holdOut: 0.3 }, { population: population(20_000) });
  const held = new Set(ids(list, "trial"));
  // Four standard errors of a share of 0.3 in 20,000.
  assert.ok(Math.abs(held.size / 20_000 - 0.3) < 4 * Math.sqrt(0.3 * 0.7 / 20_000), String(held.size));
  const smaller = draw({ holdOut: 0.3, rule: "playbook", activeOnly: true }, {
    population: population(20_000),
  });
  for (const { customerId, arm } of smaller.customers) assert.equal(arm === "trial", held.has(customerId));
  for (const changes of [{ seed: 7 }, { trial: "another" }]) {
    const other = new Set(
      ids(draw({ holdOut: 0.3, ...changes }, { population: population(20_000) }), "trial"),
    );
    const both = held.intersection(other).size / 20_000;
    assert.ok(Math.abs(both - 0.09) < 0.01, `${both} held out by both: ${JSON.stringify(changes)}`);
  }
});

Deno.test("in later lists of a trial nobody changes sides, and nobody is offered again within the quiet days", () => {
  const first = draw({ most: 400 });
  const events: OfferEvent[] = [first];
  const soon = draw({ startsOn: addDays(first.startsOn, 89) }, {}, events);
  assert.deepEqual(new Set(ids(soon)).intersection(new Set(ids(first))), new Set());
  assert.ok(soon.notListed.some(({ reason }) => reason === "offered something within 90 days"));
  assert.ok(soon.notListed.some(({ reason }) => reason === "held out within 90 days"));
  const later = draw({ startsOn: addDays(first.startsOn, 90) }, {}, events);
  const heldOut = new Set(ids(first, "trial"));
  const heldOutLater = new Set(ids(later, "trial"));
  assert.ok(heldOut.size > 50);
  for (const id of heldOut) assert.ok(heldOutLater.has(id));
  for (const id of ids(first, "offered")) assert.ok(!heldOutLater.has(id));
  // If another trial made its offers to those held out of this one, the effect of this one would be hidden.
  const other = new Set(ids(draw({ trial: "other" }, {}, events)));
  assert.deepEqual(other.intersection(new Set(ids(first))), new Set());
  assert.equal(other.size, 600);
});

Deno.test("the global control gets no offer of any trial, and stays in it when it grows", () => {
  const policy = { quietDays: 90, globalControl: 0.1 };
  const people = population(5000);
  const one = draw({}, { policy, population: people });
  const two = draw({ trial: "two", seed: 5 }, { policy, population: people });
  const control = ids(one, "global control");
  assert.ok(Math.abs(control.length / 5000 - 0.1) < 0.02);
  assert.deepEqual(ids(two, "global control").sort(), control.toSorted());
  assert.ok(Math.abs(one.treatmentProbability - 0.72) < 1e-12);
  const grown = new Set(
    ids(
      draw({ trial: "three" }, { policy: { ...policy, globalControl: 0.2 }, population: people }),
      "global control",
    ),
  );
  for (const id of control) assert.ok(grown.has(id));
  // A trial that runs already keeps its division.
  const next = draw({ startsOn: "2025-03-01" }, {
    policy: { ...policy, globalControl: 0 },
    population: people,
  }, [one]);
  assert.deepEqual(ids(next, "global control").sort(), control.toSorted());
});

Deno.test("the same draw gives the same list, and one that stands in the ledger is returned as it is", () => {
  const first = draw({ budget: 300 });
  assert.deepEqual(draw({ budget: 300 }), first);
  const again = drawList(
    options({ budget: 300 }),
    inputs({ population: population(1200), snapshot: "snapshot-2", now: new Date("2025-01-01") }),
    [first],
  );
  assert.deepEqual(again, { draw: first, isNew: false });
});

Deno.test("cancelled lists hold nobody back", () => {
  const first = draw({ most: 100 });
  const cancelled = {
    kind: "cancelled" as const,
    draw: first.id,
    at: "2024-10-01T09:00:00.000Z",
    reason: "wrong",
  };
  assert.throws(() => draw({ most: 100 }, {}, [first, cancelled]), {
    name: "InputError",
    message: /tenth-2024-10-01 was cancelled: .*found cancelled on 2024-10-01: wrong.*--id NAME/,
  });
  const second = draw({ most: 100, id: "second", holdOut: 0.5 }, {}, [first, cancelled]);
  assert.deepEqual(ids(second), ids(first));
  assert.equal(second.randomisation.holdOut, 0.5);
});

Deno.test("an audience and activity limit who may be listed", () => {
  const list = draw({ audience: "vip" }, { audience: new Set(["C0001", "C0002", "nobody"]) });
  assert.deepEqual(ids(list), ["C0001", "C0002"]);
  assert.deepEqual(list.notListed, [{ reason: "not in the audience", customers: 998 }]);
  const active = draw({ activeOnly: true });
  assert.equal(active.customers.length, 500);
  assert.deepEqual(active.notListed, [{ reason: "lapsed already", customers: 500 }]);
});

Deno.test("uplift ranks by expected effects, makes no offer that loses money, and says why when it cannot", () => {
  const effects = new Map(population(1000).candidates.map(({ customerId }, i) => [customerId, i - 900]));
  const known = draw({ rule: "uplift" }, { uplift: { effects, because: "the trial has power" } });
  assert.equal(known.customers.length, 99);
  assert.equal(known.customers[0]!.customerId, "C1000");
  assert.deepEqual([known.rule.ranksBy, known.rule.because], ["uplift", "the trial has power"]);
  const unknown = draw({ rule: "uplift" }, { uplift: { because: "too few customers" } });
  assert.deepEqual(unknown.customers, draw({}).customers);
  assert.deepEqual(
    [unknown.rule.name, unknown.rule.ranksBy, unknown.rule.because],
    ["uplift", "value_at_risk", "too few customers"],
  );
});

const REFUSED: [what: string, asked: Partial<DrawOptions>, message: RegExp][] = [
  ["a rule that does not exist", { rule: "guess" }, /no such rule: expected playbook, .*, found "guess"/],
  ["a hold-out of everybody", { holdOut: 1 }, /Invalid share of the hold-out: .*below 1.*, found 1/],
  ["a hold-out in percent", { holdOut: 20 }, /Invalid share of the hold-out.*found 20/],
  ["a seed that is no whole number", { seed: 1.5 }, /Invalid seed: .*found 1\.5/],
  ["a budget of nothing", { budget: 0 }, /Invalid budget: .*above 0, found 0/],
  ["a list of nobody", { most: 0 }, /Invalid size of the list: .*at least 1, found 0/],
  [
    "a trial with a blank",
    { trial: "my trial" },
    /Invalid (id of the list|name of the trial).*small letters/,
  ],
  ["an id with a slash", { id: "../x" }, /Invalid id of the list.*found "\.\.\/x"/],
  [
    "a first day before that of the scores",
    { startsOn: "2024-09-30" },
    /begins before the day of the scores: expected 2024-10-01 or later.*found 2024-09-30/,
  ],
  ["a day that is none", { startsOn: "2024-13-01" }, /YYYY-MM-DD, found "2024-13-01"/],
];

for (const [what, asked, message] of REFUSED) {
  Deno.test(`${what} is refused`, () => {
    assert.throws(() => draw(asked), { name: "InputError", message });
  });
}

Deno.test("a trial keeps its hold-out, seed and offer, and an id its request", () => {
  const first = draw({ holdOut: 0.3, seed: 9 });
  const next = { startsOn: "2025-06-01" };
  assert.equal(draw(next, {}, [first]).randomisation.holdOut, 0.3);
  const cases: [Partial<DrawOptions>, RegExp][] = [
    [
      { ...next, holdOut: 0.2 },
      /The trial tenth has another hold-out: expected 0\.3, .*found 0\.2.*--trial NAME/,
    ],
    [{ ...next, seed: 42 }, /has another seed: expected 9/],
    [
      { ...next, offer: { ...OFFER, discount: 0.2 } },
      /has another offer: expected tenth \(10 % off.*found tenth \(20 % off/,
    ],
    [
      { budget: 10 },
      /tenth-2024-10-01 was drawn already, with another budget: expected budget null, found 10/,
    ],
    [
      { id: first.id, startsOn: "2024-11-01" },
      /tenth-2024-10-01 was drawn already, with another first day: expected 2024-10-01, found 2024-11-01/,
    ],
  ];
  for (const [asked, message] of cases) {
    assert.throws(() => draw(asked, {}, [first]), { name: "InputError", message });
  }
});
