import type { Config } from "shopflow/config/mod.ts";
import { type Session, sqlName } from "shopflow/warehouse/mod.ts";

const HOUR_MS = 60 * 60 * 1000;
/** Data of yesterday that was copied during the night is a day and a half old at noon. */
const STALE_AFTER_HOURS = 48;

/** Facts and the day that each row is about. Orders must be fresh; a quiet day without tickets is none to worry. */
const FACTS = [
  { table: "fact_orders", date: "order_date", what: "order", isVital: true },
  { table: "fact_events", date: "event_date", what: "event", isVital: false },
  { table: "fact_support_tickets", date: "created_date", what: "support ticket", isVital: false },
  { table: "fact_inventory_snapshots", date: "snapshot_date", what: "stock count", isVital: false },
];

/** How old the newest data is. */
export interface Freshness {
  problems: string[];
  warnings: string[];
  summary: string;
}

/**
 * Compares the newest row of every fact with the limit of the configuration, 48 hours by default. A row counts as made
 * at the end of its day. Of an embedded shop, which gets no rows by itself, stale data is a warning, unless a limit is
 * set.
 *
 * @param session A session with the curated tables.
 */
export async function freshness(
  session: Pick<Session, "rows">,
  { staleAfterHours, postgresUrl }: Pick<Config, "staleAfterHours" | "postgresUrl">,
  now: Date,
): Promise<Freshness> {
  const limit = staleAfterHours ?? STALE_AFTER_HOURS;
  const isStill = staleAfterHours === undefined && postgresUrl.startsWith("pglite:");
  const found: Freshness = { problems: [], warnings: [], summary: "no orders" };
  for (const { table, date, what, isVital } of FACTS) {
    const [newest] = await session.rows<{ day: string | null }>(
      `SELECT CAST(max(${sqlName(date)}) AS VARCHAR) AS day FROM ${sqlName(table)}`,
    );
    if (!newest?.day) {
      if (isVital) found.problems.push(`There are no rows in ${table}`);
      continue;
    }
    const hours = Math.max(0, (now.getTime() - Date.parse(newest.day)) / HOUR_MS - 24);
    const text = `the newest ${what} is of ${newest.day}, ${age(hours)} ago`;
    if (isVital) found.summary = text;
    if (hours <= limit) continue;
    const sentence = `${table} is stale: ${text}, the limit is ${age(limit)}`;
    if (!isStill) (isVital ? found.problems : found.warnings).push(sentence);
    else if (isVital) found.warnings.push(`${sentence}. The embedded shop gets no orders by itself`);
  }
  return found;
}

/** Hours for people: `30 h`, `12 days`. */
const age = (hours: number) =>
  hours < 72 ? `${Number(hours.toFixed(1))} h` : `${Math.round(hours / 24).toLocaleString("en")} days`;
