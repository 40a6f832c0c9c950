import { Cron } from "croner";
import { ConfigError } from "shopflow/errors/mod.ts";

/** The five fields in order, each with what it may hold. */
const FIELDS = [
  { name: "minute", allowed: "0-59" },
  { name: "hour", allowed: "0-23" },
  { name: "day of month", allowed: "1-31" },
  { name: "month", allowed: "1-12 or JAN-DEC" },
  { name: "day of week", allowed: "MON, TUE, WED, THU, FRI, SAT, SUN" },
];

/**
 * Checks a cron expression of a job.
 *
 * @throws {ConfigError} that names the field.
 */
export function checkCron(job: string, cron: string): void {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    throw new ConfigError(`Job ${job} has a bad cron expression`, {
      expected: `5 fields: ${FIELDS.map(({ name }) => name).join(", ")}`,
      found: `${fields.length} in ${JSON.stringify(cron)}`,
    });
  }
  for (const [i, { name, allowed }] of FIELDS.entries()) {
    const field = fields[i]!;
    // Cron dialects number the days differently (Deno.cron starts at SUN = 1, most at SUN = 0); names are clear.
    const ambiguous = name === "day of week" && /\d/.test(field.replace(/[/#]\d+/g, ""));
    if (!ambiguous && parses(FIELDS.map((_, j) => i === j ? field : "*").join(" "))) continue;
    throw new ConfigError(`Job ${job} has a bad cron field`, {
      expected: `${name} as ${allowed}, *, lists (,), ranges (-) or steps (*/n)`,
      found: `${JSON.stringify(field)} in ${JSON.stringify(cron)}`,
    });
  }
}

/** The next time after `from` that a cron expression is due, in UTC; undefined when it never is (31 February). */
export function nextDue(cron: string, from: Date): Date | undefined {
  return parse(cron).nextRun(from) ?? undefined;
}

function parse(cron: string): Cron {
  return new Cron(cron, { timezone: "UTC", mode: "5-part", paused: true });
}

function parses(cron: string): boolean {
  try {
    parse(cron);
    return true;
  } catch {
    // croner's message says less than ours: the caller names field, place and allowed values.
    return false;
  }
}
