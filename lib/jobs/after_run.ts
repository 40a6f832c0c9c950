import type { Logger } from "shopflow/runtime/mod.ts";
import type { JobSet } from "./define_jobs.ts";
import type { Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { formatRunName } from "./run_name.ts";
import type { Slot } from "./slot.ts";

export interface AfterRunOptions extends JobSet {
  ledger: Ledger;
  log: Logger;
  onNews: (job: Job) => Promise<void>;
  /** Whether this scheduler starts anything more. */
  isAtWork: () => boolean;
  /** Starts what may start of a job. */
  advance: (job: Job) => Promise<void>;
  forEachJob: (work: (job: Job) => Promise<void>) => Promise<void>;
}

/** What the end of a run sets off: it is told, and may let other slots start, of its own job and of others. */
export async function afterRun(
  job: Job,
  slot: Slot,
  { jobs, pools, ledger, log, onNews, isAtWork, advance, forEachJob }: AfterRunOptions,
): Promise<void> {
  const line = `${formatRunName(slot)}: ${slot.status} (${slot.reason})`;
  if (slot.status === "succeeded") log.info(line);
  else log.warn(line);
  await onNews(job);
  const awaited = jobs.some(({ after }) => after.includes(job.name));
  const shared = Number.isFinite(pools[job.pool]!);
  if (awaited || shared || slot.status === "queued") await ledger.ring();
  if (!isAtWork()) return;
  await advance(job);
  if (awaited || shared) await forEachJob((other) => other === job ? Promise.resolve() : advance(other));
}
