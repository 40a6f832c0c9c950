import { Cron } from "croner";
import { ConfigError } from "shopflow/errors/mod.ts";
import type { CronSchedule } from "./job.ts";

/** The five fields in order, each with what it may hold. */
const FIELDS = [
  { name: "minute", allowed: "0-59" },
  { name: "hour", allowed: "0-23" },
  { name: "day of month", allowed: "1-31" },
  { name: "month", allowed: "1-12 or JAN-DEC" },
  { name: "day of week", allowed: "MON, TUE, WED, THU, FRI, SAT, SUN" },
];

/**
 * Checks when a job is due.
 *
 * @param place For the error, e.g. `Job refresh-data`.
 * @throws {ConfigError} that names the field, or the time zone.
 */
export function checkCron(place: string, { cron, timeZone }: CronSchedule): void {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    throw new ConfigError(`${place} has a bad cron expression`, {
      expected: `5 fields: ${FIELDS.map(({ name }) => name).join(", ")}`,
      found: `${fields.length} in ${JSON.stringify(cron)}`,
    });
  }
  for (const [i, { name, allowed }] of FIELDS.entries()) {
    const field = fields[i] ?? "";
    // Cron dialects number the days differently (Deno.cron starts at SUN = 1, most at SUN = 0); names are clear.
    const ambiguous = name === "day of week" && /\d/.test(field.replace(/[/#]\d+/g, ""));
    if (!ambiguous && parses(FIELDS.map((_, j) => i === j ? field : "*").join(" "))) continue;
    throw new ConfigError(`${place} has a bad cron field`, {
      expected: `${name} as ${allowed}, *, lists (,), ranges (-) or steps (*/n)`,
      found: `${JSON.stringify(field)} in ${JSON.stringify(cron)}`,
    });
  }
  checkTimeZone(place, timeZone);
  if (nextDue({ cron, timeZone }, new Date()) === undefined) {
    throw new ConfigError(`${place} is never due`, {
      expected: "a cron expression that matches some date",
      found: JSON.stringify(cron),
    });
  }
}

function checkTimeZone(place: string, timeZone: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch (cause) {
    throw new ConfigError(`${place} has an unknown time zone`, {
      expected: "an IANA name, such as UTC, Europe/Berlin or America/New_York",
      found: JSON.stringify(timeZone),
      cause,
    });
  }
}

/**
 * The next time after `from` that a cron expression is due; undefined when it never is (31 February).
 *
 * Where clocks are set forward, a local time that does not exist is due when they are (02:30 at 03:00); where they
 * are set back, a time of day that comes twice is due at its first coming, while `*` in the field of hours means
 * every hour that passes.
 */
export function nextDue(schedule: CronSchedule, from: Date): Date | undefined {
  return parse(schedule.cron, schedule.timeZone).nextRun(from) ?? undefined;
}

/** The last time before `from` that it was due. */
export function previousDue(schedule: CronSchedule, from: Date): Date | undefined {
  return parse(schedule.cron, schedule.timeZone).previousRuns(1, from)[0];
}

const parsed = new Map<string, Cron>();

function parse(cron: string, timezone: string): Cron {
  const key = `${timezone} ${cron}`;
  const found = parsed.get(key) ?? new Cron(cron, { timezone, mode: "5-part", paused: true });
  parsed.set(key, found);
  return found;
}

function parses(cron: string): boolean {
  try {
    new Cron(cron, { timezone: "UTC", mode: "5-part", paused: true });
    return true;
  } catch {
    // croner's message says less than ours: the caller names field, place and allowed values.
    return false;
  }
}
