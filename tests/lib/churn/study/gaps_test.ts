import assert from "node:assert/strict";
import { gapsText, orderGaps } from "shopflow/churn/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";

async function shopOf(orders: string) {
  const session = await openSession();
  await session.run(`CREATE TABLE fact_orders AS
    SELECT customer_id, DATE '2024-01-01' + CAST(day AS INTEGER) AS order_date, 'sale' AS line_type
    FROM (${orders}) AS orders(customer_id, day)`);
  return session;
}

Deno.test("who comes back after so many days is the product-limit estimate by hand", async () => {
  // 100 customers order on day 0; 40 again on day 20, 30 on day 100, 30 never within the 400 days.
  using shop = await shopOf(`SELECT 'C' || i, 0 FROM range(100) AS t(i)
    UNION ALL SELECT 'C' || i, 20 FROM range(40) AS t(i) UNION ALL SELECT 'C' || i, 100 FROM range(40, 70) AS t(i)`);
  const gaps = await orderGaps(shop, { last: "2025-02-04" });
  assert.equal(gaps.gaps, 70);
  assert.equal(gaps.open, 100, "everybody's last order is followed by nothing yet");
  assert.deepEqual(gaps.histogram, [{ days: 20, gaps: 40 }, { days: 100, gaps: 30 }]);
  const after = (days: number) => gaps.silence.find((silence) => silence.days === days)!;
  // 170 order days; 40 ended after 20 days, of the other 130 30 after 100.
  assert.ok(Math.abs(after(0).within90! - 40 / 170) < 1e-12);
  assert.ok(Math.abs(after(30).within90! - 30 / 130) < 1e-12);
  assert.equal(after(120).within90, 0);
  const text = gapsText(gaps, 90);
  assert.match(text, /Of 70 gaps that ended with another order, 57 % were at most \*\*90 days\*\* long/);
  assert.match(text, /orders within the next 90 with a chance of \*\*23 %\*\*/);
});

Deno.test("gaps that have not ended are not left out, and a short history says what it does not know", async () => {
  using shop = await shopOf(`SELECT 'C' || i, i % 60 FROM range(300) AS t(i)
    UNION ALL SELECT 'C' || i, i % 60 + 10 FROM range(60) AS t(i)`);
  const gaps = await orderGaps(shop, { last: "2024-03-10" });
  const [atOnce] = gaps.silence;
  assert.ok(atOnce!.within90 === undefined, "nobody was seen for 90 days");
  assert.match(
    gapsText(gaps, 90),
    /The history is too short to know what becomes of customers after 90 days/,
  );
});

Deno.test("a shop in which nobody ordered twice has no gaps", async () => {
  using shop = await shopOf("SELECT 'C' || i, i FROM range(50) AS t(i)");
  await assert.rejects(orderGaps(shop, { last: "2024-03-10" }), {
    name: "TooLittleDataError",
    message: /There are no gaps between orders: expected customers who ordered on two days, found none/,
  });
});
