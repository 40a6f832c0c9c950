import type { Config } from "shopflow/config/mod.ts";
import { type JobSet, type Ledger, openLedger, type Request } from "shopflow/jobs/mod.ts";
import { type ObjectStore, openStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { hostname, userInfo } from "node:os";
import { type Paint, paintFor } from "./paint.ts";

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
