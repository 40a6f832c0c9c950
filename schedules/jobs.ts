import { defineJobs, type JobDeclaration, type JobSet, type Pools } from "shopflow/jobs/mod.ts";
import { fileURLToPath } from "node:url";

/** Where those sit who read reports and look at scores in the morning: an IANA name. "Nightly" means their night. */
export const STAKEHOLDERS_TIME_ZONE = "Europe/Berlin";

/** Pipelines that `deno task pipeline run` knows. */
export const PIPELINES = [
  "all",
  "extract",
  "transform",
  "train",
  "score",
  "publish",
  "check-data",
  "collect-garbage",
];

/** Who hears of failures, missed SLAs and recoveries; where they read it is a setting of the installation. */
const CHANNELS = ["operations", "business"];

/** Runs that go on at the same time, on all schedulers together. */
const POOLS: Pools = {
  default: Infinity,
  // Training and scoring fill the memory of a small machine each. Since they take turns, scores of a night whose
  // training takes long are those of the new models.
  heavy: 1,
};

const DECLARATIONS: JobDeclaration[] = [
  {
    name: "refresh-data",
    description: "copy the sources and publish a new snapshot of the star schema",
    owner: "data-engineering",
    schedule: { cron: "5 * * * *" },
    steps: [{ pipeline: "extract" }, { pipeline: "transform" }],
    retries: { limit: 3, firstDelaySeconds: 60, maxDelaySeconds: 600 },
    timeoutMinutes: 100,
    // A run copies all that is new since the one before, so a run that is left out loses nothing.
    overlap: "skip",
    catchup: { runs: "latest", maxAgeMinutes: 24 * 60 },
    slaMinutes: 45,
  },
  {
    name: "check-data",
    description: "test the published data, its freshness, and blocked publishes",
    owner: "data-engineering",
    schedule: { on: "snapshot" },
    steps: [{ pipeline: "check-data" }],
    retries: { limit: 1, firstDelaySeconds: 60 },
    timeoutMinutes: 90,
    // Nobody reads the snapshot any more that an older run is checking.
    overlap: "replace",
    slaMinutes: 30,
  },
  {
    name: "train-models",
    description: "train challengers on the newest snapshot; those that pass the rule become champions",
    owner: "data-science",
    schedule: { cron: "20 1 * * *", timeZone: STAKEHOLDERS_TIME_ZONE },
    steps: [{ pipeline: "train" }],
    dependsOn: ["refresh-data"],
    retries: { limit: 1, firstDelaySeconds: 300 },
    timeoutMinutes: 240,
    overlap: "skip",
    catchup: { runs: "latest", maxAgeMinutes: 12 * 60 },
    pool: "heavy",
    slaMinutes: 180,
  },
  {
    name: "score-customers",
    description: "score customers and products and plan the inventory for the day",
    owner: "data-science",
    schedule: { cron: "30 4 * * *", timeZone: STAKEHOLDERS_TIME_ZONE },
    steps: [{ pipeline: "score" }],
    // Not after train-models: when a training fails, the champion of yesterday still scores today's customers.
    dependsOn: ["refresh-data"],
    timeoutMinutes: 60,
    overlap: "queue",
    catchup: { runs: "latest", maxAgeMinutes: 18 * 60 },
    pool: "heavy",
    // The marketing team starts its calls at eight.
    slaMinutes: 210,
    alertChannel: "business",
  },
  {
    name: "data-quality-report",
    description: "report what was wrong with yesterday's data and what was done about it",
    owner: "data-engineering",
    schedule: { cron: "0 6 * * *", timeZone: STAKEHOLDERS_TIME_ZONE },
    steps: [{ notebook: "notebooks/data_quality.ipynb", parameters: { freshness_days: 2 } }],
    dependsOn: ["refresh-data"],
    timeoutMinutes: 20,
    overlap: "queue",
    // It is about the newest snapshot: yesterday's report is of no use today.
    catchup: { runs: "none", maxAgeMinutes: 60 },
  },
  {
    name: "publish-reports",
    description: "execute the notebooks and publish them for the week",
    owner: "business-intelligence",
    schedule: { cron: "0 7 * * MON", timeZone: STAKEHOLDERS_TIME_ZONE },
    steps: [{ pipeline: "publish" }],
    dependsOn: ["score-customers"],
    timeoutMinutes: 60,
    overlap: "queue",
    catchup: { runs: "all", maxAgeMinutes: 3 * 24 * 60 },
    // For the meeting at half past eight.
    slaMinutes: 90,
    alertChannel: "business",
  },
  {
    name: "collect-garbage",
    description: "delete old snapshots and files that nothing needs",
    owner: "operations",
    // On the Sunday in March on which there is no 02:30, it is due when the clocks are set forward.
    schedule: { cron: "30 2 * * SUN", timeZone: STAKEHOLDERS_TIME_ZONE },
    steps: [{ pipeline: "collect-garbage" }],
    timeoutMinutes: 120,
    catchup: { runs: "latest", maxAgeMinutes: 7 * 24 * 60 },
  },
];

/** The jobs of the platform, checked when this file is loaded. */
export const JOBS: JobSet = defineJobs(DECLARATIONS, POOLS, {
  pipelines: PIPELINES,
  notebooks: notebooks(),
  channels: CHANNELS,
});

function notebooks(): string[] {
  const folder = fileURLToPath(new URL("../notebooks", import.meta.url));
  return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".ipynb"))
    .map((name) => `notebooks/${name}`).sort();
}
