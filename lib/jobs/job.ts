import type { Parameters } from "shopflow/notebook/mod.ts";

/** A step of a run: one process. */
export type Step =
  /** A pipeline, by its name in `deno task pipeline run`. */
  | { pipeline: string }
  /**
   * A notebook with parameters. In parameters that are strings, `{scheduled_for}`, `{data_interval_start}` and
   * `{data_interval_end}` become dates (`2024-10-02`) of the run.
   */
  | { notebook: string; parameters?: Parameters };

/** When runs are due: at the times of a cron expression, or whenever a snapshot is published. */
type Schedule = CronSchedule | { on: "snapshot" };

export interface CronSchedule {
  /** Five fields: minute, hour, day of month, month, day of week (by name: MON). */
  cron: string;
  /** IANA name, e.g. `Europe/Berlin`; the cron expression is in its local time. */
  timeZone: string;
}

export interface Retries {
  /** How often a failed run is retried; 0 for never. */
  limit: number;
  /** Delay before the first retry. It doubles with each retry; half of it is random. */
  firstDelaySeconds: number;
  /** The longest delay between two attempts. */
  maxDelaySeconds: number;
}

/** What happens to runs that were due while no scheduler ran. */
interface CatchupPolicy {
  /** Which of them are run later. `all`: each of them, oldest first; `latest`: only the last; `none`: none. */
  runs: "all" | "latest" | "none";
  /** Older runs are marked as missed. */
  maxAgeMinutes: number;
}

/**
 * What happens to a run that is due while another run of the job is open. `skip`: it is skipped; `queue`: it waits for
 * the other run; `replace`: it supersedes the other run, which is stopped.
 */
type Overlap = "skip" | "queue" | "replace";

/** A scheduled job: what it runs, when, and by which rules. */
export interface Job {
  /** Lower-case words joined by -; also the name of its folder in the lake. */
  name: string;
  /** What the job does, for people: shown on pages and in lists. */
  description: string;
  /** Who is responsible for it: a team or an address. */
  owner: string;
  schedule: Schedule;
  /** Executed in order, each in its own process; a retry starts at the step that failed. */
  steps: Step[];
  /** Jobs whose latest run at or before the time of this run must have succeeded. */
  dependsOn: string[];
  retries: Retries;
  /** An attempt that takes longer is stopped. */
  timeoutMinutes: number;
  overlap: Overlap;
  catchup: CatchupPolicy;
  /** Runs share the slots of their pool, see {@linkcode Pools}. */
  pool: string;
  /** Minutes after its scheduled time within which a run must succeed; without it the job has no SLA. */
  slaMinutes?: number;
  /** Name of the channel that gets alerts about failures, missed SLAs and recoveries. */
  alertChannel: string;
}

/** How many runs of a pool may go on at the same time, across all schedulers. */
export type Pools = Record<string, number>;

/** A job as declared in `schedules/jobs.ts`; fields that are left out have defaults. */
export type JobDeclaration =
  & Pick<Job, "name" | "description" | "owner" | "steps">
  & Partial<Pick<Job, "dependsOn" | "timeoutMinutes" | "overlap" | "pool" | "slaMinutes" | "alertChannel">>
  & {
    /** A cron expression without a time zone is in UTC. */
    schedule: { cron: string; timeZone?: string } | { on: "snapshot" };
    retries?: Partial<Retries>;
    catchup?: Partial<CatchupPolicy>;
  };

/** Defaults of a job's optional fields. */
export const DEFAULTS: Pick<
  Job,
  "dependsOn" | "retries" | "timeoutMinutes" | "overlap" | "catchup" | "pool" | "alertChannel"
> = {
  dependsOn: [],
  retries: { limit: 2, firstDelaySeconds: 30, maxDelaySeconds: 600 },
  timeoutMinutes: 60,
  overlap: "skip",
  catchup: { runs: "latest", maxAgeMinutes: 24 * 60 },
  pool: "default",
  alertChannel: "operations",
};

/** The job of a name. `defineJobs` has checked the names in `dependsOn`, so one that is missing is a defect. */
export function findJob(jobs: readonly Job[], name: string): Job {
  const found = jobs.find((job) => job.name === name);
  if (found === undefined) throw new Error(`There is no job named ${name}`);
  return found;
}

/** How a step is called in the ledger, in logs and messages. */
export function stepName(step: Step): string {
  return "pipeline" in step ? step.pipeline : step.notebook.replace(/^.*\//, "").replace(/\.ipynb$/, "");
}
