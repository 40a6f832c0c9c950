import assert from "node:assert/strict";
import { newcombeInterval, wilsonInterval } from "shopflow/offers/effect/mod.ts";

const near = (found: { low: number; high: number }, low: number, high: number) =>
  assert.ok(Math.abs(found.low - low) < 1e-9 && Math.abs(found.high - high) < 1e-9, JSON.stringify(found));

Deno.test("Wilson's intervals are those of statsmodels, with no event too", () => {
  near(wilsonInterval(0, 20), 0, 0.1611251580528194);
  near(wilsonInterval(15, 40, 0.9), 0.26080784681859226, 0.5050305153427723);
  near(wilsonInterval(20, 20), 1 - 0.1611251580528194, 1);
});

Deno.test("Newcombe's intervals are those of statsmodels and of his paper's table II", () => {
  const interval = (a: number, m: number, b: number, n: number) =>
    newcombeInterval({ events: a, rows: m }, { events: b, rows: n });
  near(interval(56, 70, 48, 80), 0.05243147240236498, 0.33387265403690614);
  near(interval(0, 20, 0, 30), -0.1135133931739688, 0.1611251580528194);
  near(interval(5, 56, 0, 29), -0.038137147903536936, 0.19256001385511165);
  near(interval(10, 10, 0, 20), 0.6790860371419145, 1);
});

Deno.test("impossible rates and confidences are refused", () => {
  for (const [events, rows] of [[1, 0], [-1, 5], [6, 5], [NaN, 5]] as const) {
    assert.throws(() => wilsonInterval(events, rows), { message: /Invalid rate/ });
  }
  assert.throws(() => wilsonInterval(1, 5, 95), { message: /Invalid confidence.*found 95/ });
});
