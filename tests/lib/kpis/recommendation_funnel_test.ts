import { clickThroughFor, recommendationSales } from "shopflow/kpis/mod.ts";
import assert from "node:assert/strict";

const FUNNEL = { shown: 1_000_000, clickThrough: 0.02, conversion: 0.1, orderValue: 80 };

Deno.test("sales through recommendations are shown × click-through × conversion × order value", () => {
  assert.equal(recommendationSales(FUNNEL), 160_000);
});

Deno.test("the click-through for a gain is the one that brings it", () => {
  const clickThrough = clickThroughFor(200_000, FUNNEL);
  assert.ok(Math.abs(clickThrough - 0.045) < 1e-12);
  assert.ok(Math.abs(recommendationSales({ ...FUNNEL, clickThrough }) - 360_000) < 1e-6);
});

Deno.test("a funnel that is no funnel is refused", () => {
  assert.throws(() => recommendationSales({ ...FUNNEL, clickThrough: 2 }), {
    name: "InputError",
    message: /clickThrough/,
  });
  assert.throws(() => recommendationSales({ ...FUNNEL, shown: NaN }), {
    name: "InputError",
    message: /shown/,
  });
});
