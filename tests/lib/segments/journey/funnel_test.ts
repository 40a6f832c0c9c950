import { readFunnel, readStepTimes, readTracking } from "shopflow/segments/journey/mod.ts";
import assert from "node:assert/strict";
import { openCuratedShop } from "../../../fixtures/curated_shop.ts";
import { segmentedShop } from "../../../fixtures/segmented_shop.ts";

const DAYS = { from: "2024-05-01", until: "2024-06-01" };
let number = 0;
const event = (
  customer: string,
  visit: string | null,
  type: string,
  time: string,
  product: string | null,
  device: string | null = "Mobile",
) => [`E${number++}`, customer, visit, type, time.slice(0, 10), product, `${time}:00`, device];

const SHOP = {
  dim_products: [["P1", "Kettle", "Home", 10, 5, false], ["P2", "Novel", "Books", 10, 5, false]],
  fact_orders: [
    ["O1", "P1", "A", "2024-05-01", "sale", 1, 10, 10, 0],
    ["O2", "P1", "B", "2024-05-02", "sale", 1, 10, 10, 0],
  ],
  fact_events: [
    // A looks at both, puts the kettle into the cart, checks out and purchases; the tracker names no product there.
    event("A", "1", "page_view", "2024-05-01 10:00", "P1"),
    event("A", "1", "page_view", "2024-05-01 10:01", "P2"),
    event("A", "1", "add_to_cart", "2024-05-01 10:02", "P1"),
    event("A", "1", "checkout", "2024-05-01 10:05", null),
    event("A", "1", "purchase", "2024-05-01 10:06", null),
    // A again, on another device: only looks.
    event("A", "2", "page_view", "2024-05-03 10:00", "P2", "Desktop"),
    // B has no view, and stops at the cart.
    event("B", "3", "add_to_cart", "2024-05-02 10:00", "P2", null),
    event("B", "3", "remove_from_cart", "2024-05-02 10:01", "P2", null),
    // Nobody signed in; no session either.
    event("UNKNOWN", null, "page_view", "2024-05-04 10:00", null, "Tablet"),
    // Before the days.
    event("C", "4", "page_view", "2024-04-30 23:00", "P1"),
  ],
};

Deno.test("a visit came as far as its furthest event, and no step has more visits than the one before", async () => {
  using session = await openCuratedShop(SHOP);
  const of = async (by: "all" | "device" | "category") =>
    Object.fromEntries(
      Object.entries(Object.groupBy(await readFunnel(session, by, DAYS), ({ value }) => value)).map((
        [value, steps],
      ) => [
        value,
        steps!.map(({ visits, stopped_customers }) => `${visits}/${stopped_customers}`).join(" "),
      ]),
    );
  assert.deepEqual(await of("all"), { all: "4/0 2/1 1/0 1/1" });
  assert.deepEqual(await of("device"), {
    Mobile: "1/0 1/0 1/0 1/1",
    Desktop: "1/1 0/0 0/0 0/0",
    Tablet: "1/0 0/0 0/0 0/0",
    Unknown: "1/0 1/1 0/0 0/0",
  });
  // A's visit looked at both categories; what was checked out is what was in the cart.
  assert.deepEqual(await of("category"), { Books: "3/1 1/1 0/0 0/0", Home: "1/0 1/0 1/0 1/1" });
});

Deno.test("what the tracker leaves out is counted", async () => {
  using session = await openCuratedShop(SHOP);
  assert.deepEqual(await readTracking(session, DAYS), {
    visits: 4,
    unknown_visits: 1,
    skipped: 1,
    order_days: 2,
    tracked_order_days: 1,
  });
  assert.deepEqual(
    (await readStepTimes(session, DAYS)).map((
      { from, to, visits, median_seconds },
    ) => [from, to, visits, median_seconds]),
    [["view", "cart", 1, 120], ["cart", "checkout", 1, 180], ["checkout", "purchase", 1, 60]],
  );
});

Deno.test("steps are monotone in a shop of many visits, by each grouping", async () => {
  using session = await openCuratedShop(segmentedShop());
  for (const by of ["all", "device", "category"] as const) {
    const steps = await readFunnel(session, by, { from: "2024-05-01", until: "2024-06-21" });
    for (const group of Object.values(Object.groupBy(steps, ({ value }) => value))) {
      assert.deepEqual(group!.map(({ step }) => step), ["view", "cart", "checkout", "purchase"]);
      for (const [i, { visits, stopped }] of group!.entries()) {
        assert.equal(stopped, visits - (group![i + 1]?.visits ?? 0));
        assert.ok(stopped >= 0);
      }
    }
  }
});

Deno.test("a shop without events has no funnel", async () => {
  using session = await openCuratedShop({});
  assert.deepEqual(await readFunnel(session, "device", DAYS), []);
  assert.deepEqual((await readStepTimes(session, DAYS)).map(({ median_seconds }) => median_seconds), [
    null,
    null,
    null,
  ]);
  assert.equal((await readTracking(session, DAYS)).visits, 0);
});
