import {
  type Execute,
  type Execution,
  type Outcome,
  type Run,
  type Step,
  stepName,
  stopped,
  type StopReason,
} from "shopflow/jobs/mod.ts";
import { openRunLog } from "shopflow/jobs/execution/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import type { Trouble } from "./incidents.ts";
import type { Durations, SimulatedClock } from "./clock.ts";

interface PlayOptions {
  clock: SimulatedClock;
  durations: Durations;
  troubles: Trouble[];
  seed: number;
  /** Where the logs of runs that fail go. */
  store: ObjectStore;
  /** Called when a run has done a step. */
  onStep: (step: string) => void;
}

/** Runs that do nothing but take their time. */
interface PlayedRuns {
  execute: Execute;
  /** Whether a run is being played. */
  isPlaying(run: Pick<Execution, "run" | "attempt">): boolean;
  /** Their scheduler was killed, and they with it. */
  kill(): void;
}

/** What fails does so after this time. */
const FAILS_AFTER_SECONDS = 20;
/** Durations are between these parts of the typical one. */
const SHORTEST = 0.75;
const LONGEST = 1.35;

/**
 * Plays runs on a simulated clock. With the same seed a step of a run takes the same time, in whatever order runs are
 * played.
 */
export function playRuns({ clock, durations, troubles, seed, store, onStep }: PlayOptions): PlayedRuns {
  const playing = new Set<string>();
  const nameOf = ({ run: { job, scheduledFor }, attempt }: Pick<Execution, "run" | "attempt">) =>
    `${job}@${scheduledFor} ${attempt}`;

  /** Seconds that a step takes, and the reason when it fails. */
  function plan({ job, run, attempt }: Execution, step: Step): { seconds: number; fails?: string } {
    const isFirst = step === job.steps[0];
    const trouble = isFirst ? troubleOf(run, attempt) : undefined;
    if (trouble?.fails !== undefined) return { seconds: FAILS_AFTER_SECONDS, fails: trouble.fails };
    if (trouble?.minutes !== undefined) return { seconds: trouble.minutes * 60 };
    // Whoever asks first, a step of a run takes the same time.
    const random = createRandom(seed, `${nameOf({ run, attempt })} ${stepName(step)}`);
    const part = SHORTEST + (LONGEST - SHORTEST) * random();
    return { seconds: Math.max(1, Math.round(durations.of(job, step) * part)) };
  }

  function troubleOf({ job, scheduledFor }: Run, attempt: number): Trouble | undefined {
    const due = new Date(scheduledFor);
    const found = troubles.find((one) => one.job === job && one.from <= due && due < one.to);
    // What is slow is so once; what fails does so until its time is over.
    if (found?.minutes !== undefined) return attempt === 1 ? found : undefined;
    return found !== undefined && clock.now() < found.to ? found : undefined;
  }

  async function play(execution: Execution): Promise<Outcome> {
    const { job, run, signal } = execution;
    const name = nameOf(execution);
    const limit = new Date(clock.now().getTime() + job.timeoutMinutes * 60_000);
    for (const step of job.steps.filter((one) => !run.stepsDone.includes(stepName(one)))) {
      const { seconds, fails } = plan(execution, step);
      const end = new Date(clock.now().getTime() + seconds * 1000);
      await clock.sleep(name, end < limit ? end : limit, signal);
      if (signal.aborted) return stopped(signal.reason as StopReason);
      if (end > limit) {
        return {
          ended: "timed out",
          reason: `${stepName(step)} was ended after ${job.timeoutMinutes} minutes`,
        };
      }
      if (fails !== undefined) {
        await writeLog(execution, `${stepName(step)}: this run was played. ${fails}`);
        return { ended: "failed", reason: fails, exitCode: 1 };
      }
      onStep(stepName(step));
      if (step !== job.steps.at(-1) && !await execution.stepDone(stepName(step))) {
        return stopped("lease expired");
      }
    }
    return { ended: "succeeded", reason: "all steps are done", exitCode: 0 };
  }

  async function writeLog({ run: { job, scheduledFor }, attempt }: Execution, line: string): Promise<void> {
    const log = openRunLog(store, { job, scheduledFor, attempt }, { now: clock.now });
    log.write(line);
    await log.close();
  }

  return {
    execute(execution) {
      const name = nameOf(execution);
      playing.add(name);
      return clock.whileAwake(play(execution).finally(() => playing.delete(name)));
    },
    isPlaying: (run) => playing.has(nameOf(run)),
    kill() {
      playing.clear();
      clock.forgetSleepers();
    },
  };
}
