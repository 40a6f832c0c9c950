import { InputError } from "shopflow/errors/mod.ts";
import {
  FINAL_STATUSES,
  type JobSet,
  OPEN_STATUSES,
  parseTime,
  type Request,
  type ShownStatus,
} from "shopflow/jobs/mod.ts";
import { type Ledger, openLedger } from "shopflow/jobs/ledger/mod.ts";
import type { Config } from "shopflow/config/mod.ts";
import { type ObjectStore, openStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { hostname, userInfo } from "node:os";
import { type Paint, paintFor } from "./text.ts";

const STATUSES: readonly ShownStatus[] = [...OPEN_STATUSES, ...FINAL_STATUSES, "sla-missed"];
const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws {InputError} when it is no time. */
export function readTime(option: string, text: string): Date {
  const time = parseTime(text);
  if (time !== undefined) return time;
  throw new InputError(`Invalid ${option}`, {
    expected:
      "a time with its zone, 2024-10-02T03:05Z or 2024-10-02T05:05+02:00, or a date, 2024-10-02, in UTC",
    found: JSON.stringify(text),
  });
}

/** A time, or how long ago it is: `90m`, `12h`, `7d`. @throws {InputError} when it is neither. */
export function readSince(option: string, text: string, now: Date): Date {
  const [, count, unit] = text.match(/^(\d{1,5})([mhd])$/) ?? [];
  if (count === undefined) {
    if (parseTime(text) !== undefined) return parseTime(text)!;
    throw new InputError(`Invalid ${option}`, {
      expected: "a time (2024-10-02T03:05Z), a date (2024-10-02), or how long ago (90m, 12h, 7d)",
      found: JSON.stringify(text),
    });
  }
  return new Date(now.getTime() - Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]);
}

/** One or several, `failed` or `failed,missed`. @throws {InputError} on an unknown one. */
export function readStatuses(text: string): ShownStatus[] {
  return text.split(",").map((part) => {
    const found = STATUSES.find((status) => status === part.trim());
    if (found !== undefined) return found;
    throw new InputError("Unknown status", {
      expected: `one of ${STATUSES.join(", ")}, or several with commas between`,
      found: JSON.stringify(part.trim()),
    });
  });
}

/** What the commands of `deno task jobs` work with. */
export interface JobsContext extends JobSet {
  config: Config;
  store: ObjectStore;
  ledger: Ledger;
  runtime: Runtime;
  /** Where results go. */
  print: (text: string) => void;
  paint: Paint;
  /** Who asks, e.g. `anna@laptop (terminal)`. */
  by: string;
}

export interface JsonFlag {
  json?: boolean;
}

/**
 * The context of a command: the ledger of the configured lake, and the person at this terminal.
 *
 * @param changed What is otherwise, as in tests.
 */
export function createJobsContext(
  { jobs, pools }: JobSet,
  config: Config,
  runtime: Runtime,
  changed: Partial<Pick<JobsContext, "print" | "paint" | "by">> = {},
): JobsContext {
  const store = openStore(config);
  return {
    jobs,
    pools,
    config,
    store,
    ledger: openLedger(store, runtime.now),
    runtime,
    print: console.log,
    paint: paintFor(Deno.stdout.isTerminal() && !Deno.noColor),
    by: `${userInfo().username}@${hostname()} (terminal)`,
    ...changed,
  };
}

/** A request of now by the person at the terminal. */
export const requestOf = ({ by, runtime }: JobsContext): Request => ({ by, at: runtime.now().toISOString() });

/** Prints a result as JSON or as text. */
export function answer({ print }: JobsContext, value: unknown, text: () => string, { json }: JsonFlag): void {
  print(json ? JSON.stringify(value, null, 2) : text());
}
