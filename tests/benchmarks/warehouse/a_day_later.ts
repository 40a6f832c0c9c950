import { MongoClient } from "mongodb";
// @ts-types="@types/pg"
import type pg from "pg";

/**
 * Lets a day pass in the shop: what happened on its last day happens again a day later, under new ids; the customers
 * who ordered have one order more; a hundred tickets come in and as many change.
 *
 * @param day 1 for the first day that passes.
 */
export async function aDayLater(sql: pg.Client, mongodbUrl: string, day: number): Promise<void> {
  await sql.query("BEGIN");
  for (
    const statement of [
      `INSERT INTO events SELECT 'DAY${day}-' || row_number() OVER (), customer_id, session_id, event_type,
         event_timestamp + interval '1 day', product_id, page_url, device_type, browser
       FROM events WHERE event_timestamp >= (SELECT date_trunc('day', max(event_timestamp)) FROM events)`,
      `INSERT INTO orders SELECT 'DAY${day}-' || row_number() OVER (), customer_id, product_id, order_date + 1,
         order_amount, quantity, discount_amount, payment_method
       FROM orders WHERE order_date = (SELECT max(order_date) FROM orders)`,
      `INSERT INTO inventory SELECT product_id, warehouse_id, date + 1, stock_level, reorder_level,
         last_updated + interval '1 day' FROM inventory WHERE date = (SELECT max(date) FROM inventory)`,
      `UPDATE customers SET total_orders = total_orders + 1
       WHERE customer_id IN (SELECT customer_id FROM orders WHERE order_id LIKE 'DAY${day}-%')`,
    ]
  ) await sql.query(statement);
  await sql.query("COMMIT");
  const mongo = await new MongoClient(mongodbUrl).connect();
  try {
    const tickets = mongo.db().collection("support_tickets");
    const last = await tickets.find({}, { projection: { _id: 0 } }).sort({ created_date: -1 }).limit(100)
      .toArray();
    const tomorrow = (date: Date | null) => date && new Date(date.getTime() + 86_400_000);
    await tickets.insertMany(last.map((ticket, i) => ({
      ...ticket,
      ticket_id: `DAY${day}-${i}`,
      created_date: tomorrow(ticket.created_date),
      resolved_date: tomorrow(ticket.resolved_date),
    })));
    const ids = last.map(({ ticket_id }) => ticket_id);
    await tickets.updateMany({ ticket_id: { $in: ids } }, { $set: { agent_id: `AGENT${day}` } });
  } finally {
    await mongo.close();
  }
}
