import assert from "node:assert/strict";
import { openSession, type Session } from "shopflow/warehouse/mod.ts";
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { featuresSql, featureText } from "shopflow/ml/features/mod.ts";
import { checkAsOf } from "shopflow/ml/mod.ts";
import { churnLabelsSql } from "../../../lib/churn/examples.ts";
import { openChurnShop } from "../../fixtures/churn_shop.ts";

const AS_OF = checkAsOf("2024-09-01");

Deno.test("features of one customer are what one counts by hand", async () => {
  using session = await handMadeShop();
  const [row] = await session.rows(featuresSql(CUSTOMER_FEATURES, AS_OF));
  assert.deepEqual(row, {
    customer_id: "ANNA",
    recency_days: 10,
    order_count: 3,
    orders_90d: 2,
    orders_91_180d: 1,
    net_sales: 150,
    net_sales_90d: 60,
    average_order_value: 50,
    items_per_order: 2,
    tenure_days: 110,
    product_count: 2,
    category_count: 2,
    discount_share: 10 / 160,
    discount_share_90d: 0,
    discounted_order_share: 1 / 3,
    return_count: 1,
    returns_180d: 1,
    days_since_return: 104,
    return_share: 30 / 150,
    order_gap_mean_days: 50,
    order_gap_sd_days: Math.sqrt(200),
    last_order_gap_days: 60,
    relative_recency: 10 / 50,
    orders_season_last_year: null,
    season_order_share: null,
    top_category_share: 140 / 150,
    tickets_180d: 2,
    tickets_open: 1,
    urgent_tickets_180d: 1,
    unhappy_tickets: 1,
    ticket_satisfaction: 2,
    ticket_resolution_hours: 48,
    days_since_ticket: 5,
    sessions_30d: 2,
    sessions_90d: 2,
    days_since_session: 3,
    page_views_90d: 2,
    carts_90d: 2,
    abandoned_carts_90d: 1,
    cart_abandonment_share: 0.5,
    mobile_session_share: 0.5,
    device_count: 2,
  });
});

Deno.test("a ticket resolved on the as-of date still counts as open the evening before", async () => {
  using session = await handMadeShop();
  const [later] = await session.rows(featuresSql(CUSTOMER_FEATURES, checkAsOf("2024-09-20")));
  assert.equal(later!.tickets_open, 0);
  assert.equal(later!.ticket_satisfaction, 3.5, "the score given on 2024-09-01 is known now");
});

Deno.test("rows from the as-of date on change no feature", async () => {
  using session = await openChurnShop({ customers: 200 });
  const before = await session.rows(featuresSql(CUSTOMER_FEATURES, AS_OF));
  await session.run(`
    DELETE FROM fact_events WHERE event_timestamp >= TIMESTAMP '${AS_OF}';
    DELETE FROM fact_support_tickets WHERE created_at >= TIMESTAMP '${AS_OF}';
    UPDATE fact_support_tickets SET resolved_at = NULL, satisfaction_score = NULL, status = 'Open'
      WHERE resolved_at >= TIMESTAMP '${AS_OF}';
    DELETE FROM fact_orders WHERE order_date >= DATE '${AS_OF}';`);
  assert.deepEqual(await session.rows(featuresSql(CUSTOMER_FEATURES, AS_OF)), before);
  await session.run(`
    INSERT INTO fact_orders SELECT 'NEW' || order_id, product_id, customer_id, DATE '${AS_OF}', line_type, quantity,
      order_amount, discount_amount, net_amount, product_key, arrived_at FROM fact_orders;
    INSERT INTO fact_events SELECT 'NEW' || event_id, customer_id, session_id, 'purchase', TIMESTAMP '${AS_OF}', 'Tablet', arrived_at
      FROM fact_events;
    INSERT INTO fact_support_tickets SELECT 'NEW' || ticket_id, customer_id, TIMESTAMP '${AS_OF}', NULL, 'High',
      'Open', NULL, arrived_at FROM fact_support_tickets;`);
  assert.deepEqual(await session.rows(featuresSql(CUSTOMER_FEATURES, AS_OF)), before);
  assert.ok(before.length > 50);
});

Deno.test("an order that an extract should have brought counts from the day on which it came", async () => {
  using session = await handMadeShop();
  const lastOrder = async (asOf: string) => {
    const [row] = await session.rows(featuresSql(CUSTOMER_FEATURES, checkAsOf(asOf)));
    return [row!.recency_days, row!.order_count, row!.order_gap_mean_days];
  };
  // Extracts of 25 August, 26 August and 2 September. The order of 22 August came with the first of them.
  await session.run(`
    UPDATE fact_orders SET arrived_at = TIMESTAMP '2024-07-01 02:00:00';
    UPDATE fact_orders SET arrived_at = TIMESTAMP '2024-08-25 02:00:00' WHERE order_id = 'O3';
    UPDATE fact_orders SET arrived_at = TIMESTAMP '2024-08-26 02:00:00' WHERE order_id = 'O5';`);
  assert.deepEqual(await lastOrder("2024-08-23"), [1, 3, 50], "it came with the first extract after its day");
  await session.run(
    `UPDATE fact_orders SET arrived_at = TIMESTAMP '2024-09-02 02:00:00' WHERE order_id = 'O3'`,
  );
  assert.deepEqual(await lastOrder("2024-09-01"), [70, 2, 40], "an extract after its day had not brought it");
  assert.deepEqual(await lastOrder("2024-09-02"), [11, 3, 50], "it came on that day");
  await session.run(
    "UPDATE fact_orders SET arrived_at = TIMESTAMP '2024-11-30 02:00:00' WHERE order_id <> 'O3'; " +
      "UPDATE fact_orders SET arrived_at = TIMESTAMP '2024-12-02 02:00:00' WHERE order_id = 'O3'",
  );
  assert.deepEqual(await lastOrder("2024-09-01"), [10, 3, 50], "before the first extract nobody can say");
});

Deno.test("columns that the shop derives from behaviour are not read", async () => {
  using session = await openChurnShop({ customers: 100 });
  const before = await session.rows(featuresSql(CUSTOMER_FEATURES, AS_OF));
  await session.run("DROP TABLE dim_customers");
  assert.deepEqual(await session.rows(featuresSql(CUSTOMER_FEATURES, AS_OF)), before);
  const names = CUSTOMER_FEATURES.names;
  for (const name of ["customer_segment", "total_orders", "total_spent"]) assert.ok(!names.includes(name));
});

Deno.test("a shop that records no visits and tickets knows nothing of them, rather than that there were none", async () => {
  using session = await openChurnShop({ customers: 100, ordersOnly: true });
  const [row] = await session.rows(featuresSql(CUSTOMER_FEATURES, AS_OF));
  for (const { features, unrecordedText } of CUSTOMER_FEATURES.rows) {
    for (const { name } of features) {
      if (unrecordedText === undefined) continue;
      assert.equal(row![name], null, name);
      assert.equal(featureText(CUSTOMER_FEATURES, name, row as Record<string, null>), unrecordedText);
    }
  }
  assert.notEqual(row!.return_count, null, "orders define customers");
});

Deno.test("a feature is unknown of everybody until its source was recorded for as long as it looks back", async () => {
  using session = await openChurnShop({ customers: 200 });
  await session.run(`DELETE FROM fact_events WHERE event_timestamp < TIMESTAMP '2024-06-03';
    DELETE FROM fact_support_tickets WHERE created_at < TIMESTAMP '2024-03-05';
    INSERT INTO fact_support_tickets (ticket_id, customer_id, created_at, arrived_at)
      VALUES ('FIRST', 'NOBODY', TIMESTAMP '2024-03-05', TIMESTAMP '2025-01-01 02:00:00');
    INSERT INTO fact_events (event_id, customer_id, event_timestamp, arrived_at)
      VALUES ('FIRST', 'NOBODY', TIMESTAMP '2024-06-03 12:00:00', TIMESTAMP '2025-01-01 02:00:00')`);
  const known = async (asOf: string, name: string) => {
    const rows = await session.rows(featuresSql(CUSTOMER_FEATURES, checkAsOf(asOf)));
    return rows.filter((row) => row[name] !== null).length / rows.length;
  };
  assert.equal(await known("2024-08-31", "sessions_90d"), 0, "89 days of visits");
  assert.equal(await known("2024-08-31", "days_since_session"), 0);
  assert.equal(await known("2024-08-31", "sessions_30d"), 1);
  assert.equal(await known("2024-09-01", "sessions_90d"), 1, "90 days of visits");
  assert.ok(await known("2024-09-01", "days_since_session") > 0.3);
  assert.equal(await known("2024-08-31", "tickets_open"), 0, "179 days of tickets");
  assert.equal(await known("2024-09-01", "tickets_open"), 1);

  // What was recorded before, and came later, was not known then.
  await session.run(`UPDATE fact_events SET arrived_at = event_timestamp + INTERVAL 1 DAY;
    UPDATE fact_events SET arrived_at = TIMESTAMP '2024-11-01' WHERE event_id = 'FIRST';
    INSERT INTO fact_events (event_id, customer_id, event_timestamp, arrived_at)
      VALUES ('BEFORE', 'NOBODY', TIMESTAMP '2024-01-01', TIMESTAMP '2024-11-01')`);
  assert.equal(await known("2024-08-31", "sessions_90d"), 0);
  assert.equal(await known("2024-11-01", "sessions_90d"), 1);
});

Deno.test("of sources that may begin late, features look back no further than they say", async () => {
  using session = await openChurnShop({ customers: 200 });
  const features = () => session.rows(featuresSql(CUSTOMER_FEATURES, AS_OF));
  const before = await features();
  await session.run(`
    INSERT INTO fact_events SELECT 'OLD' || event_id, customer_id, 'OLD' || session_id, event_type,
      TIMESTAMP '${AS_OF}' - INTERVAL 91 DAY, 'Watch', arrived_at FROM fact_events;
    INSERT INTO fact_support_tickets SELECT 'OLD' || ticket_id, customer_id, TIMESTAMP '${AS_OF}' - INTERVAL 181 DAY,
      TIMESTAMP '${AS_OF}' - INTERVAL 100 DAY, 'High', 'Resolved', 1, arrived_at FROM fact_support_tickets;`);
  assert.deepEqual(await features(), before);
  await session.run(`UPDATE fact_events SET event_timestamp = TIMESTAMP '${AS_OF}' - INTERVAL 90 DAY
      WHERE event_id LIKE 'OLD%';
    UPDATE fact_support_tickets SET created_at = TIMESTAMP '${AS_OF}' - INTERVAL 180 DAY WHERE ticket_id LIKE 'OLD%'`);
  const after = await features();
  for (
    const name of [
      "sessions_90d",
      "device_count",
      "cart_abandonment_share",
      "tickets_180d",
      "unhappy_tickets",
    ]
  ) {
    assert.ok(after.some((row, i) => row[name] !== before[i]![name]), name);
  }
});

Deno.test("labels look at the 90 days from the as-of date on, for the features' population", async () => {
  using session = await handMadeShop();
  const churned = async (asOf: string) =>
    (await session.rows(churnLabelsSql(checkAsOf(asOf)))).map((row) => row.churned);
  assert.deepEqual(await churned("2024-08-23"), [1], "the next order comes on day 91");
  assert.deepEqual(await churned("2024-08-24"), [0], "the next order comes on day 90");
  assert.deepEqual(await churned("2024-05-14"), [], "not a customer yet");

  using shop = await openChurnShop({ customers: 300 });
  const customers = async (sql: string) => (await shop.rows(sql)).map((row) => row.customer_id);
  assert.deepEqual(
    await customers(churnLabelsSql(AS_OF)),
    await customers(featuresSql(CUSTOMER_FEATURES, AS_OF)),
  );
});

Deno.test("customers whose last order is over a year old are not in the population", async () => {
  using session = await handMadeShop();
  assert.equal((await session.rows(featuresSql(CUSTOMER_FEATURES, checkAsOf("2025-11-21")))).length, 1);
  assert.equal((await session.rows(featuresSql(CUSTOMER_FEATURES, checkAsOf("2025-11-22")))).length, 0);
  assert.equal(
    (await session.rows(
      featuresSql(CUSTOMER_FEATURES, checkAsOf("2025-11-22"), { population: "recency_days <= 400" }),
    )).length,
    1,
  );
});

Deno.test("an as-of date that is none is refused", () => {
  for (const wrong of ["2024-02-30", "yesterday", "2024-01-01'; DROP TABLE x --"]) {
    assert.throws(() => checkAsOf(wrong), { name: "InputError", message: /YYYY-MM-DD/ });
  }
});

Deno.test("reasons are facts for people", () => {
  const all = { recency_days: 112, order_gap_mean_days: 31 };
  assert.equal(
    featureText(CUSTOMER_FEATURES, "recency_days", all),
    "Has not ordered for 112 days, usually orders every 31 days",
  );
  assert.equal(
    featureText(CUSTOMER_FEATURES, "recency_days", { recency_days: 1 }),
    "Last ordered 1 day ago",
  );
  assert.equal(
    featureText(CUSTOMER_FEATURES, "tickets_open", { tickets_open: 0 }),
    "Has no unresolved support tickets of the last 180 days",
  );
  assert.equal(
    featureText(CUSTOMER_FEATURES, "ticket_satisfaction", { ticket_satisfaction: null }),
    "Has rated no support ticket of the last 180 days",
  );
  assert.equal(featureText(CUSTOMER_FEATURES, "moon_phase", { moon_phase: 3 }), "moon phase: 3");
  assert.equal(
    featureText(CUSTOMER_FEATURES, "relative_recency", { ...all, relative_recency: 3.6 }),
    "Has not ordered for 112 days, usually orders every 31 days",
  );
  assert.equal(
    featureText(CUSTOMER_FEATURES, "orders_90d", { orders_90d: 2 }),
    "Ordered twice in the last 90 days",
  );
  for (const { name, text, whenAbsent, unknownText, topic } of CUSTOMER_FEATURES.features) {
    for (const sentence of [text(0, {}), text(2, {}), unknownText ?? "Unknown"]) {
      assert.match(sentence, /^[A-Z0-9].{5,}[^.]$/, name);
    }
    assert.ok(topic, name);
    if (whenAbsent === null) {
      assert.ok(featureText(CUSTOMER_FEATURES, name, { [name]: null }).length > 5, name);
    } else assert.equal(unknownText, undefined, name);
  }
});

/** Anna orders on 14 May, 23 June, 22 August and 21 November; returns once; has two tickets and two carts. */
async function handMadeShop(): Promise<Session & Disposable> {
  const session = await openSession();
  await session.run(`
CREATE TABLE dim_products AS FROM (VALUES ('P1', 'P1', 'Books', true), ('P2', 'P2', 'Toys', true)) AS t(product_key, product_id, category, is_current);
CREATE TABLE fact_orders AS
SELECT order_id, product_id, customer_id, CAST(order_date AS DATE) AS order_date, line_type, quantity,
       CAST(order_amount AS DECIMAL(10, 2)) AS order_amount,
       CAST(discount_amount AS DECIMAL(10, 2)) AS discount_amount,
       CAST(order_amount - discount_amount AS DECIMAL(12, 2)) AS net_amount, product_id AS product_key,
       TIMESTAMP '2024-12-01 02:00:00' AS arrived_at
FROM (VALUES ('O1', 'P1', 'ANNA', '2024-05-14', 'sale', 3, 100, 10),
             ('O1', 'P1', 'ANNA', '2024-05-20', 'return', -1, -30, 0),
             ('O2', 'P1', 'ANNA', '2024-06-23', 'sale', 1, 30, 0),
             ('O3', 'P1', 'ANNA', '2024-08-22', 'sale', 1, 20, 0),
             ('O3', 'P2', 'ANNA', '2024-08-22', 'sale', 1, 10, 0),
             ('O4', 'P2', 'ANNA', '2024-11-21', 'sale', 1, 10, 0),
             ('O5', 'P2', 'UNKNOWN', '2024-08-01', 'sale', 1, 10, 0),
             ('O6', 'P2', 'BERT', '2024-08-01', 'return', -1, -10, 0))
  AS t(order_id, product_id, customer_id, order_date, line_type, quantity, order_amount, discount_amount);
CREATE TABLE fact_support_tickets AS
SELECT ticket_id, customer_id, CAST(created_at AS TIMESTAMP) AS created_at,
       CAST(resolved_at AS TIMESTAMP) AS resolved_at, priority, 'Resolved' AS status, satisfaction_score,
       TIMESTAMP '2024-12-01 02:00:00' AS arrived_at
FROM (VALUES ('T0', 'BERT', '2024-02-01 08:00:00', '2024-02-03 08:00:00', 'High', 1),
             ('T1', 'ANNA', '2024-08-01 08:00:00', '2024-08-03 08:00:00', 'High', 2),
             ('T2', 'ANNA', '2024-08-27 08:00:00', '2024-09-01 00:00:00', 'Low', 5))
  AS t(ticket_id, customer_id, created_at, resolved_at, priority, satisfaction_score);
CREATE TABLE fact_events AS
SELECT event_id, customer_id, session_id, event_type, CAST(event_timestamp AS TIMESTAMP) AS event_timestamp,
       CASE session_id WHEN 'S1' THEN 'Mobile' ELSE 'Desktop' END AS device_type,
       TIMESTAMP '2024-12-01 02:00:00' AS arrived_at
FROM (VALUES ('E0', 'BERT', 'S0', 'page_view', '2024-02-01 10:00:00'),
             ('E1', 'ANNA', 'S1', 'page_view', '2024-08-22 10:00:00'),
             ('E2', 'ANNA', 'S1', 'add_to_cart', '2024-08-22 10:01:00'),
             ('E3', 'ANNA', 'S1', 'purchase', '2024-08-22 10:02:00'),
             ('E4', 'ANNA', 'S2', 'page_view', '2024-08-29 23:59:00'),
             ('E5', 'ANNA', 'S2', 'add_to_cart', '2024-08-29 23:59:59'),
             ('E6', 'ANNA', 'S2', 'purchase', '2024-09-01 00:00:00'))
  AS t(event_id, customer_id, session_id, event_type, event_timestamp);`);
  return session;
}
