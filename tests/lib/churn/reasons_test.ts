import assert from "node:assert/strict";
import { strongestReasons } from "../../../lib/churn/reasons.ts";

const known = {
  recency_days: 112,
  order_gap_mean_days: 31,
  relative_recency: 3.6,
  orders_90d: 0,
  tickets_open: 2,
  net_sales: 300,
};
const names = Object.keys(known);
const reasonsOf = (contributions: Partial<Record<keyof typeof known, number>>, count = 5) =>
  strongestReasons(
    names,
    Float64Array.from(names, (name) => contributions[name as keyof typeof known] ?? 0),
    known,
    count,
  );

Deno.test("three versions of recency are one reason, whose contribution is their sum", () => {
  const reasons = reasonsOf({ recency_days: 0.25, relative_recency: 0.5, orders_90d: 0.5, tickets_open: 1 });
  assert.deepEqual(reasons, [
    {
      topic: "last order",
      feature: "relative_recency",
      value: 3.6,
      contribution: 1.25,
      effect: "raises",
      text: "Has not ordered for 112 days, usually orders every 31 days: raises the risk.",
    },
    {
      topic: "support",
      feature: "tickets_open",
      value: 2,
      contribution: 1,
      effect: "raises",
      text: "Has 2 unresolved support tickets of the last 180 days: raises the risk.",
    },
  ]);
});

Deno.test("a reason names a feature that moves the risk the way that the reason says", () => {
  const [reason] = reasonsOf({ recency_days: 0.9, relative_recency: -0.6, orders_90d: -0.5 });
  assert.equal(reason!.feature, "relative_recency");
  assert.equal(reason!.effect, "lowers");
  assert.ok(Math.abs(reason!.contribution + 0.2) < 1e-12);
});

Deno.test("what cancels out, or adds nothing, is no reason", () => {
  assert.deepEqual(reasonsOf({ recency_days: 0.5, orders_90d: -0.5 }), []);
  assert.deepEqual(reasonsOf({}), []);
});

Deno.test("the strongest come first, whatever their effect, and as many as wanted", () => {
  const reasons = reasonsOf({ recency_days: 0.2, tickets_open: 0.4, net_sales: -0.7 }, 2);
  assert.deepEqual(reasons.map(({ topic, effect }) => [topic, effect]), [
    ["spending", "lowers"],
    ["support", "raises"],
  ]);
});

Deno.test("a feature of one's own without a topic is a reason of its own, and one that was not sent is not named first", () => {
  const reasons = strongestReasons(
    ["moon_phase", "recency_days", "orders_90d"],
    Float64Array.of(0.1, 0.2, 0.3),
    { moon_phase: 3, recency_days: 5 },
    5,
  );
  assert.deepEqual(reasons.map(({ topic, feature, text }) => [topic, feature, text]), [
    ["last order", "recency_days", "Last ordered 5 days ago: raises the risk."],
    ["moon_phase", "moon_phase", "moon phase: 3: raises the risk."],
  ]);
});
