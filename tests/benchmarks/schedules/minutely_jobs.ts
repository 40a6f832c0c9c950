import { defineJobs, type JobDeclaration, type JobSet } from "shopflow/jobs/mod.ts";

/** Jobs that are due every minute, of which every run is run. */
export function minutelyJobs(count: number): JobSet {
  const jobs = Array.from({ length: count }, (_, i): JobDeclaration => ({
    name: `job-${i}`,
    description: "does nothing",
    owner: "benchmarks",
    schedule: { cron: "* * * * *" },
    steps: [{ pipeline: "nothing" }],
    overlap: "queue",
    catchup: { runs: "all", maxAgeMinutes: 1e9 },
    retries: { limit: 0 },
  }));
  return defineJobs(jobs, { default: Infinity }, {
    pipelines: ["nothing"],
    notebooks: [],
    channels: ["operations"],
  });
}
