import { defineFeatures, type FeatureRows } from "shopflow/ml/features/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";

/** Visits of a museum: features of an entity that is no customer. */
export const VISIT_ROWS: FeatureRows = {
  name: "entries",
  knownWhen: "the day after the visit",
  sql: "SELECT visitor, day, arrived, paid, rating, rated_at FROM visits",
  eventTime: "day",
  arrival: { time: "arrived", table: "visits" },
  knownLater: { rating: "rated_at" },
  features: [
    {
      name: "visits",
      description: "Visits so far",
      unit: "visits",
      sql: "count(*)",
      whenAbsent: 0,
      text: (value) => `${value} visits`,
      isRequired: true,
    },
    {
      name: "days_since_visit",
      description: "Days since the last visit",
      unit: "days",
      sql: "min(days_ago)",
      whenAbsent: null,
      text: (value) => `${value} days since the last visit`,
    },
    {
      name: "mean_rating",
      description: "Mean rating",
      unit: "stars",
      sql: "avg(rating)",
      whenAbsent: null,
      text: (value) => `rated ${value}`,
      unknownText: "never rated",
      limits: [1, 5],
    },
  ],
};

export const VISITORS = defineFeatures({
  name: "visitors",
  entity: "visitor",
  rows: [VISIT_ROWS],
  population: "visits > 0",
  countUnits: ["visits"],
  tables: {
    visits: {
      knownWhen: "the day after",
      eventTime: "day",
      arrivalTime: "arrived",
      knownLater: { rating: "rated_at", rated_at: "rated_at" },
    },
  },
});

/**
 * 200 visitors of 2024. Extracts came each night from May on; the first brought the history, and every 15th visit since
 * came ten days late. A rating comes five days after the visit. Who came in the second half is in `members`, today's list.
 */
export async function visitorShop(session: Pick<Session, "run">): Promise<void> {
  await session.run(`
CREATE TABLE visits AS
SELECT format('V{:03d}', hash(i) % 200) AS visitor, DATE '2024-01-01' + CAST(i % 330 AS INTEGER) AS day, 5 + i % 7 AS paid,
       1 + hash(i, 2) % 5 AS rating, day + INTERVAL 5 DAY AS rated_at,
       greatest(TIMESTAMP '2024-05-01 02:00:00',
         day + INTERVAL 26 HOUR + CASE WHEN hash(i, 3) % 15 = 0 THEN INTERVAL 10 DAY ELSE INTERVAL 0 DAY END) AS arrived
FROM range(2600) AS r(i);
CREATE TABLE members AS SELECT DISTINCT visitor, true AS is_member FROM visits WHERE day >= DATE '2024-07-01';`);
}
