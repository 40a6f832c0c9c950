import { formatRunName, isFinal, livingSchedulers, type RunName, type Slot } from "shopflow/jobs/mod.ts";
import { followRunLog } from "shopflow/jobs/process/mod.ts";
import type { JobsContext } from "./jobs_context.ts";
import { noScheduler } from "./no_scheduler.ts";
import { statusText } from "./slot_text.ts";

export interface WaitOptions {
  /** The number of the first try that is of interest. */
  from: number;
  /** Between two looks, in milliseconds; default 500. */
  pollMs?: number;
}

/** So often, in looks, it is seen whether a scheduler lives. */
const LOOKS_PER_CHECK = 20;

/** Prints the log of a run, one try after the other, until it ends. @returns the slot as it is then. */
export async function waitForRun(
  context: JobsContext,
  run: RunName,
  { from, pollMs = 500 }: WaitOptions,
): Promise<Slot> {
  const { ledger, store, print, paint, runtime: { log } } = context;
  const name = formatRunName(run);
  let told = "";
  for (let attempt = from;;) {
    const slot = await untilTried(context, run, attempt, pollMs, (reason) => {
      if (reason !== told) log.info(`${name}: ${reason}`);
      told = reason;
    });
    const tried = slot.attempts.find(({ number }) => number >= attempt);
    if (tried === undefined) {
      print(`${name} ${statusText(slot, paint)}: ${slot.reason}`);
      return slot;
    }
    log.info(`${name}: try ${tried.number} on ${tried.owner}`);
    const over = (now: Slot | undefined) =>
      now === undefined || isFinal(now.status) ||
      now.attempts.some(({ number, finishedAt }) => number === tried.number && finishedAt !== undefined);
    const ended = async () => over(await ledger.slot(run));
    for await (const line of followRunLog(store, run, { attempt: tried.number, ended, pollMs })) print(line);
    attempt = tried.number + 1;
  }
}

/** Until the try has begun, or nothing follows any more. */
async function untilTried(
  { ledger, store, runtime }: JobsContext,
  run: RunName,
  attempt: number,
  pollMs: number,
  tell: (reason: string) => void,
): Promise<Slot> {
  for (let look = 0;; look++) {
    const slot = (await ledger.slot(run))!;
    if (isFinal(slot.status) || slot.attempts.some(({ number }) => number >= attempt)) return slot;
    const checks = look % LOOKS_PER_CHECK === 0;
    if (checks && (await livingSchedulers(store, runtime.now())).length === 0) tell(noScheduler(store));
    else if (checks) tell(`${slot.status}, ${slot.reason}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
