/** Ages of the newest order, in hours, from which data counts as late and as stale. */
export interface FreshnessLimits {
  lateAfterHours: number;
  staleAfterHours: number;
}

/** Yesterday's orders are expected today; data of yesterday that was copied during the night is a day old at midnight. */
export const FRESHNESS_LIMITS: FreshnessLimits = { lateAfterHours: 24, staleAfterHours: 48 };

/** How current orders are, by the clock: data that ends years ago is stale, however well its tables agree. */
export interface Freshness {
  status: "fresh" | "late" | "stale";
  /** Day of the newest order, `2026-11-29`. */
  until: string;
  /** Since the end of that day, in UTC; 0 while it is today. */
  hoursOld: number;
  /** The status for people: `fresh`, `a day late`, `15 years late`. */
  words: string;
}

const HOUR_MS = 60 * 60 * 1000;

/**
 * How current data is whose newest order is of a day.
 *
 * @param day `2026-11-29`; it counts as complete, so its age begins at its end in UTC.
 */
export function freshnessOf(
  day: string,
  now: Date,
  { lateAfterHours, staleAfterHours }: FreshnessLimits = FRESHNESS_LIMITS,
): Freshness {
  const hoursOld = Math.max(0, (now.getTime() - Date.parse(`${day}T00:00:00Z`)) / HOUR_MS - 24);
  const status = hoursOld > staleAfterHours ? "stale" : hoursOld > lateAfterHours ? "late" : "fresh";
  return { status, until: day, hoursOld, words: status === "fresh" ? "fresh" : `${lateness(hoursOld)} late` };
}

const UNITS: [unit: string, hours: number][] = [["year", 24 * 365.25], ["month", 24 * 30.44], ["day", 24]];

/** The time in the largest unit of which there are at least two. */
function lateness(hours: number): string {
  const [unit, size] = UNITS.find(([, size]) => hours >= 2 * size) ??
    (hours >= 24 ? ["day", 24] : ["hour", 1]);
  const count = Math.floor(hours / size);
  return count === 1 ? `${unit === "hour" ? "an" : "a"} ${unit}` : `${count} ${unit}s`;
}

const DAY = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});

/** A day for people: `9 Dec 2011`. */
export const dayText = (day: string): string => DAY.format(new Date(day));

/** Until when orders go, for people: `Orders until yesterday`, `Orders until 9 Dec 2011`. */
export function ordersUntilText(day: string, now?: Date): string {
  const days = now && (Date.parse(now.toISOString().slice(0, 10)) - Date.parse(day)) / (24 * HOUR_MS);
  const named = days === 0 ? "today" : days === 1 ? "yesterday" : dayText(day);
  return `Orders until ${named}`;
}
