import { InputError } from "shopflow/errors/mod.ts";
import { formatRunName, isOpen, latestSlots, parseRunName, shortTime, type Slot } from "shopflow/jobs/mod.ts";
import type { JobsContext } from "./jobs_context.ts";
import { findKnownJob } from "./known_jobs.ts";

/** Slots of a job that are looked through for its last run. */
const LOOK_BACK = 100;

/**
 * The run that a person means: `JOB@SLOT`, or a job's name for its last run.
 *
 * @param prefer For a job's name: the run that goes on before all others (`open`), or the last that was started, so
 *   that one which was only skipped is not taken (`started`).
 * @throws {InputError} when there is none.
 */
export async function findRun(
  context: JobsContext,
  name: string,
  prefer: "open" | "started" = "started",
): Promise<Slot> {
  const parsed = parseRunName(name);
  const { ledger } = context;
  const { job } = await findKnownJob(context, parsed.job);
  if (parsed.slot !== undefined) {
    const found = await ledger.slot({ job: job.name, slot: parsed.slot });
    if (found !== undefined) return found;
    throw new InputError(`The ledger has no ${formatRunName({ job: job.name, slot: parsed.slot })}`, {
      expected: "a slot that was due, or that somebody asked for",
      remedy: `\`deno task jobs runs ${job.name}\` lists them.`,
    });
  }
  const latest = await latestSlots(ledger, [job.name], { limit: LOOK_BACK });
  const running = latest.find(({ status }) => status === "running");
  const wanted = prefer === "open"
    ? running ?? latest.find(isOpen)
    : running ?? latest.find(({ attempts }) => attempts.length > 0);
  const found = wanted ?? latest[0];
  if (found !== undefined) return found;
  const { accountedUntil } = await ledger.control(job.name).read();
  throw new InputError(`${job.name} has no run yet`, {
    found: accountedUntil === undefined
      ? "no scheduler that ever ran on this lake"
      : `schedulers that look after it, but nothing that was due until ${shortTime(accountedUntil)}`,
    remedy: `\`deno task jobs run ${job.name}\` asks for one.`,
  });
}
