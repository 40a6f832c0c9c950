import { type Job, latestSlots, type Ledger, type Step, stepName } from "shopflow/jobs/mod.ts";

/** How long steps take, in seconds. */
export interface Durations {
  of(job: Job, step: Step): number;
  /** Jobs whose durations are those of real runs. */
  measured: string[];
}

/** A shop of some 100,000 customers on one machine. */
const STATED_SECONDS: Record<string, number> = {
  extract: 150,
  transform: 100,
  "check-data": 90,
  train: 40 * 60,
  score: 6 * 60,
  data_quality: 50,
  publish: 4 * 60,
  "collect-garbage": 3 * 60,
};
const OTHER_SECONDS = 120;
/** Runs that are looked at of each job. */
const MOST_RUNS = 50;

const stated = (step: Step) => STATED_SECONDS[stepName(step)] ?? OTHER_SECONDS;

/**
 * The median of what runs of the lake took, where there are some; their steps share it as they do in the stated
 * durations, which stand for jobs that never ran.
 */
export async function typicalDurations(jobs: readonly Job[], ledger: Ledger): Promise<Durations> {
  const scale = new Map<string, number>();
  for (const job of jobs) {
    const seconds = median(await runSeconds(job, ledger));
    const total = job.steps.reduce((sum, step) => sum + stated(step), 0);
    if (seconds !== undefined) scale.set(job.name, seconds / total);
  }
  return {
    of: ({ name }, step) => Math.max(1, Math.round(stated(step) * (scale.get(name) ?? 1))),
    measured: [...scale.keys()],
  };
}

/** Of runs that did all steps in one try. */
async function runSeconds({ name }: Job, ledger: Ledger): Promise<number[]> {
  const slots = await latestSlots(ledger, [name], {
    limit: MOST_RUNS,
    where: ({ attempts }) => attempts.length === 1 && attempts[0]!.ended === "succeeded",
  });
  return slots.map(({ attempts: [attempt] }) =>
    (Date.parse(attempt!.finishedAt!) - Date.parse(attempt!.startedAt)) / 1000
  );
}

const median = (values: number[]): number | undefined =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
