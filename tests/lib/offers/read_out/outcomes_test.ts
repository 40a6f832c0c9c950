import assert from "node:assert/strict";
import { drawList } from "../../../../lib/offers/draw/draw.ts";
import { readTrialOutcomes, trialsIn } from "../../../../lib/offers/read_out/outcomes.ts";
import { readTrialResults } from "../../../../lib/offers/read_out/results.ts";
import { openSession, type Session } from "shopflow/warehouse/mod.ts";
import { inputs, options, population } from "../listed_population.ts";

type Line = [order: string, customer: string, day: string, amount: number, discount: number];

/** Orders of the star schema; a negative amount is a return. */
async function ordersOf(lines: Line[]): Promise<Session & Disposable> {
  const session = await openSession();
  await session.run(`CREATE TABLE fact_orders (order_id VARCHAR, customer_id VARCHAR, order_date DATE,
    line_type VARCHAR, order_amount DECIMAL(18,2), net_amount DECIMAL(18,2))`);
  const values = lines.map(([order, customer, day, amount, discount]) =>
    `('${order}', '${customer}', DATE '${day}', '${amount < 0 ? "return" : "sale"}', ${amount}, ${
      amount - discount
    })`
  );
  await session.run(`INSERT INTO fact_orders VALUES ${values.join(", ")}`);
  return session;
}

// 60 days of outcomes from 2024-10-01 on: until 2024-11-29.
const LAST: Line = ["end", "nobody", "2024-11-29", 1, 0];
const list = drawList(options(), inputs({ population: population(10) }), []).draw;

Deno.test("outcomes are the orders of the window, net of discounts and returns, and what the contact cost", async () => {
  using session = await ordersOf([
    ["1", "C0001", "2024-10-01", 100, 10],
    ["1", "C0001", "2024-10-01", 20, 0],
    ["2", "C0001", "2024-11-29", 50, 0],
    ["3", "C0001", "2024-11-20", -30, 0],
    ["4", "C0001", "2024-11-30", 999, 0],
    ["5", "C0001", "2024-09-30", 40, 5],
    ["6", "C0001", "2024-08-01", 999, 0],
    ["7", "C0002", "2024-10-15", -25, 0],
    LAST,
  ]);
  const { rows, draws, dataUntil } = await readTrialOutcomes(session, [list], "tenth");
  assert.deepEqual([dataUntil, draws[0]!.knownFrom, draws[0]!.isKnown], ["2024-12-01", "2024-11-30", true]);
  assert.equal(rows.length, 10);
  const byId = new Map(rows.map((row) => [row.customer_id, row]));
  const first = byId.get("C0001")!;
  const contact = first.offered;
  assert.deepEqual(
    [first.ordered, first.orders, first.gross_sales, first.net_sales, first.earlier_sales],
    // The return of the 20th is of this window, too.
    [1, 2, 140, 130, 35],
  );
  assert.equal(first.profit, 130 - 0.5 * 140 - contact);
  const second = byId.get("C0002")!;
  assert.deepEqual([second.ordered, second.orders, second.net_sales], [0, 0, -25]);
  const third = byId.get("C0003")!;
  assert.deepEqual([third.ordered, third.net_sales, third.profit], [0, 0, third.offered === 0 ? 0 : -1]);
  assert.equal(third.probability, 0.8);
  assert.equal(third.usual_spend, 100);
});

Deno.test("an outcome window that is not over is not known yet", async () => {
  using session = await ordersOf([["1", "C0001", "2024-11-28", 100, 0]]);
  const results = await readTrialResults(session, [list], "tenth");
  assert.equal(results.draws[0]!.isKnown, false);
  assert.deepEqual([results.rows, results.effects, results.policies], [[], [], []]);
  assert.match(results.notes[0]!, /not known yet: outcomes of its 10 customers are known from 2024-11-30 on/);
});

Deno.test("a customer counts once in a trial, and cancelled lists not at all", async () => {
  using session = await ordersOf([["1", "C0001", "2025-01-05", 100, 0], ["2", "C0002", "2025-04-01", 1, 0]]);
  const again = drawList(
    options({ startsOn: "2025-01-01" }),
    inputs({ population: population(10), policy: { quietDays: 30, globalControl: 0 } }),
    [list],
  ).draw;
  const both = await readTrialOutcomes(session, [list, again], "tenth");
  assert.deepEqual([both.rows.length, both.repeated], [10, 10]);
  assert.ok(both.rows.every(({ draw, net_sales }) => draw === list.id && net_sales === 0));
  const cancelled = {
    kind: "cancelled" as const,
    draw: list.id,
    at: "2024-10-01T00:00:00Z",
    reason: "wrong",
  };
  const one = await readTrialOutcomes(session, [list, again, cancelled], "tenth");
  assert.deepEqual([one.rows.length, one.repeated], [10, 0]);
  assert.ok(one.rows.every(({ draw }) => draw === again.id));
  assert.deepEqual(trialsIn([list, cancelled]), []);
});

Deno.test("offers of another trial within the outcome window are told, by group", async () => {
  using session = await ordersOf([["1", "C0001", "2024-10-05", 100, 0], LAST]);
  const people = inputs({ population: population(200), policy: { quietDays: 30, globalControl: 0 } });
  const [first, within, after] = [
    drawList(options(), people, []).draw,
    drawList(options({ trial: "within", startsOn: "2024-11-01", holdOut: 0 }), people, []).draw,
    drawList(options({ trial: "after", startsOn: "2024-11-30", holdOut: 0 }), people, []).draw,
  ];
  const heldOut = first.customers.filter(({ arm }) => arm === "trial").length;
  const { offeredElsewhere, notes } = await readTrialResults(session, [first, within, after], "tenth");
  assert.deepEqual(offeredElsewhere, { offered: 200 - heldOut, heldOut });
  assert.ok(
    notes.some((note) =>
      note.includes(`${heldOut} of those held out: the effect is that of this offer beside`)
    ),
  );
  const alone = await readTrialResults(session, [first, after], "tenth");
  assert.deepEqual(alone.offeredElsewhere, { offered: 0, heldOut: 0 });
});

Deno.test("a global control that earlier trials left out, too, is told", async () => {
  using session = await ordersOf([["1", "C0001", "2024-10-05", 100, 0], ["2", "C0002", "2025-06-01", 1, 0]]);
  const people = inputs({ population: population(200), policy: { quietDays: 90, globalControl: 0.2 } });
  const first = drawList(options(), people, []).draw;
  const later = drawList(options({ trial: "later", startsOn: "2025-01-01" }), people, [first]).draw;
  const control = later.customers.filter(({ arm }) => arm === "global control").length;
  const { withoutEarlierOffers, notes } = await readTrialResults(session, [first, later], "later");
  assert.ok(control > 20);
  assert.equal(withoutEarlierOffers, control);
  assert.ok(
    notes.some((note) => note.startsWith(`${control} of the `) && note.includes("global control")),
    notes.join(),
  );
  assert.equal((await readTrialResults(session, [first, later], "tenth")).withoutEarlierOffers, 0);
});

Deno.test("where some lists are not known yet, repeated looks are warned of", async () => {
  using session = await ordersOf([["1", "C0001", "2024-10-05", 100, 0], LAST]);
  const first = drawList(options({ most: 100 }), inputs({ population: population(200) }), []).draw;
  const open = drawList(
    options({ startsOn: "2024-11-01" }),
    inputs({ population: population(200) }),
    [first],
  ).draw;
  const { notes } = await readTrialResults(session, [first, open], "tenth");
  assert.ok(notes.some((note) => /one look.*decide when all lists are known/.test(note)), notes.join());
  const { notes: whole } = await readTrialResults(session, [first], "tenth");
  assert.ok(!whole.some((note) => note.includes("one look")));
});

Deno.test("a trial that does not exist is refused, and one without a hold-out says that nothing can be compared", async () => {
  using session = await ordersOf([LAST]);
  await assert.rejects(readTrialResults(session, [list], "other"), {
    name: "InputError",
    message: /no such trial: expected tenth, found "other"/,
  });
  const everybody = drawList(options({ holdOut: 0 }), inputs({ population: population(10) }), []).draw;
  const { effects, notes } = await readTrialResults(session, [everybody], "tenth");
  assert.deepEqual(effects, []);
  assert.match(notes[0]!, /nothing to compare: 10 customers got the offer and 0 were held out/);
});
