import { ConfigError } from "shopflow/errors/mod.ts";
import { checkCron } from "./cron_expression.ts";

/** What a schedule starts: pipelines in order, at the times of a cron expression. */
export interface Job {
  /** Lower-case words joined by -; also its folder in the ledger. */
  name: string;
  description: string;
  /** Five fields in UTC: minute, hour, day of month, month, day of week (by name: MON). */
  cron: string;
  /** Run one after the other, until one fails. */
  pipelines: string[];
  /** A run that takes longer is ended. */
  timeoutMinutes: number;
}

export interface JobRules {
  /** Names that `pipelines` may hold. */
  pipelines: string[];
}

/**
 * Checks jobs when they are loaded, so that a mistake is seen at the start and not at the first due time.
 *
 * @throws {ConfigError} on the first mistake, with the job, what is allowed and what was found.
 */
export function defineJobs(jobs: Job[], { pipelines }: JobRules): readonly Job[] {
  const names = new Set<string>();
  for (const job of jobs) {
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(job.name)) {
      throw new ConfigError("Not a name for a job", {
        expected: "lower-case words joined by -, such as train-models",
        found: JSON.stringify(job.name),
      });
    }
    if (names.has(job.name)) {
      throw new ConfigError(`Two jobs are called ${job.name}`, { remedy: "Give one of them another name." });
    }
    names.add(job.name);
    checkCron(job.name, job.cron);
    checkPipelines(job, pipelines);
    if (!(job.timeoutMinutes > 0) || !Number.isFinite(job.timeoutMinutes)) {
      throw new ConfigError(`Job ${job.name} has no usable timeoutMinutes`, {
        expected: "a number above 0",
        found: String(job.timeoutMinutes),
      });
    }
  }
  return jobs;
}

function checkPipelines({ name, pipelines }: Job, known: string[]): void {
  const unknown = pipelines.filter((pipeline) => !known.includes(pipeline));
  if (pipelines.length > 0 && unknown.length === 0) return;
  throw new ConfigError(`Job ${name} names ${unknown.length > 0 ? "an unknown pipeline" : "no pipeline"}`, {
    expected: `one or more of ${known.join(", ")}`,
    found: unknown.length > 0 ? unknown.join(", ") : "none",
  });
}
