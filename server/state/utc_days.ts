/** Days of UTC, in which runs are counted and drawn; `2024-10-02`. */

/** The day of a time. */
export const utcDay = (time: Date): string => time.toISOString().slice(0, 10);

/** When a day begins; undefined for what is no day. */
export function startOfDay(day: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
  const start = new Date(`${day}T00:00:00Z`);
  // 30 February would be 1 March.
  return Number.isNaN(start.getTime()) || utcDay(start) !== day ? undefined : start;
}

/** The day that lies `days` later. */
export const addDays = (day: string, days: number): string =>
  Temporal.PlainDate.from(day).add({ days }).toString();
