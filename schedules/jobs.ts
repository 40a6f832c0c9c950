import { defineJobs } from "shopflow/jobs/mod.ts";

/** Pipelines that `deno task pipeline run` knows. */
const PIPELINES = ["all", "extract", "transform", "train", "score", "publish"];

/**
 * The jobs of the platform. Their names and times stand again in main.ts, where Deno wants them literally;
 * a test keeps the two equal.
 */
export const JOBS = defineJobs([
  {
    name: "refresh-data",
    description: "copy the sources and publish a new snapshot of the star schema",
    cron: "5 * * * *",
    pipelines: ["extract", "transform"],
    timeoutMinutes: 50,
  },
  {
    name: "train-models",
    description: "train the churn and recommendation models on the newest snapshot",
    cron: "20 1 * * *",
    pipelines: ["train"],
    timeoutMinutes: 120,
  },
  {
    name: "score-customers",
    description: "score customers and products and plan the inventory for the day",
    cron: "30 4 * * *",
    pipelines: ["score"],
    timeoutMinutes: 60,
  },
  {
    name: "publish-reports",
    description: "execute the notebooks and publish them for the week",
    cron: "30 5 * * MON",
    pipelines: ["publish"],
    timeoutMinutes: 60,
  },
], { pipelines: PIPELINES });
