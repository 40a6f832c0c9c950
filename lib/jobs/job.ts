import type { Parameters } from "shopflow/notebook/mod.ts";

/** What one process of a run does. */
export type Step =
  /** A pipeline, by the name that `deno task pipeline run` knows. */
  | { pipeline: string }
  /**
   * A notebook with parameters. In texts of parameters `{scheduled_for}`, `{data_interval_start}` and `{data_interval_end}` stand for
   * dates (`2024-10-02`) of the run.
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
  /** How often a run that failed is tried again; 0 for never. */
  limit: number;
  /** Before the first retry; each further wait is twice as long. Half of a wait is left to chance. */
  firstDelaySeconds: number;
  maxDelaySeconds: number;
}

/** What becomes of runs that were due while no scheduler ran. */
interface CatchupPolicy {
  /** All are caught up with, one after the other, only the last one, or none. */
  runs: "all" | "latest" | "none";
  /** Older ones are not caught up with. */
  maxAgeMinutes: number;
}

/**
 * What becomes of a run that is due while another one of the job is open: it is skipped, it waits, or it takes the
 * place of the other, which is ended.
 */
type Overlap = "skip" | "queue" | "replace";

/** What a schedule starts, and by which rules. */
export interface Job {
  /** Lower-case words joined by -; also its folder in the ledger. */
  name: string;
  description: string;
  /** Who answers for it: a team or an address. */
  owner: string;
  schedule: Schedule;
  /** Run one after the other, each in a process of its own; a retry begins with the one that failed. */
  steps: Step[];
  /** Jobs whose latest run at or before this one's must have succeeded. */
  dependsOn: string[];
  retries: Retries;
  /** An attempt that takes longer is ended. */
  timeoutMinutes: number;
  overlap: Overlap;
  catchup: CatchupPolicy;
  /** Runs of the same pool share its places, see {@linkcode Pools}. */
  pool: string;
  /** A run should have succeeded so long after it was due; undefined where nobody waits for it. */
  slaMinutes?: number;
  /** Name of the channel that hears of failures, missed SLAs and recoveries. */
  alertChannel: string;
}

/** How many runs of a pool may go on at the same time, on all schedulers together. */
export type Pools = Record<string, number>;

/** A job as it is written down in `schedules/jobs.ts`; what is left out has a default. */
export type JobDeclaration =
  & Pick<Job, "name" | "description" | "owner" | "steps">
  & Partial<Pick<Job, "dependsOn" | "timeoutMinutes" | "overlap" | "pool" | "slaMinutes" | "alertChannel">>
  & {
    /** A cron expression without a time zone is in UTC. */
    schedule: { cron: string; timeZone?: string } | { on: "snapshot" };
    retries?: Partial<Retries>;
    catchup?: Partial<CatchupPolicy>;
  };

/** What holds for a job whose declaration does not say. */
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

/** How a step is called in the ledger, in logs and messages. */
export function stepName(step: Step): string {
  return "pipeline" in step ? step.pipeline : step.notebook.replace(/^.*\//, "").replace(/\.ipynb$/, "");
}
