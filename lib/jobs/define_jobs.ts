import { ConfigError } from "shopflow/errors/mod.ts";
import { checkCron } from "./cron.ts";
import { DEFAULTS, findJob, type Job, type JobDeclaration, type Pools, type Step, stepName } from "./job.ts";

/** What jobs may name. */
interface JobRules {
  pipelines: string[];
  /** Paths of notebooks, e.g. `notebooks/churn.ipynb`. */
  notebooks: string[];
  /** Names of alert channels. */
  channels: string[];
}

/** The jobs of an installation, checked, with all defaults filled in. */
export interface JobSet {
  jobs: readonly Job[];
  pools: Pools;
}

const OVERLAPS = ["skip", "queue", "replace"];
const MISSED = ["all", "latest", "none"];

/**
 * Checks jobs when they are loaded, so that a mistake is seen at the start and not at the first due time.
 *
 * @throws {ConfigError} on the first mistake, with the place, what is allowed and what was found.
 */
export function defineJobs(declarations: JobDeclaration[], pools: Pools, rules: JobRules): JobSet {
  for (const [pool, places] of Object.entries(pools)) {
    if (places !== Infinity && !isWhole(places, 1)) {
      throw wrong(`Pool ${pool}`, "a whole number of runs from 1, or Infinity", places);
    }
  }
  for (const declaration of declarations) checkFields(declaration);
  const jobs = declarations.map((declaration) => complete(declaration));
  const names = new Set<string>();
  for (const { name } of jobs) {
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
      throw wrong("A job's name", "lower-case words joined by -, such as train-models", name);
    }
    if (names.has(name)) {
      throw new ConfigError(`Two jobs are called ${name}`, { remedy: "Give one of them another name." });
    }
    names.add(name);
  }
  for (const job of jobs) checkJob(job, pools, rules);
  for (const job of jobs) checkDependencies(job, jobs);
  return { jobs, pools };
}

/** All fields of a declaration. */
const FIELDS: Record<keyof Required<JobDeclaration>, true> = {
  name: true,
  description: true,
  owner: true,
  schedule: true,
  steps: true,
  dependsOn: true,
  retries: true,
  timeoutMinutes: true,
  slaMinutes: true,
  overlap: true,
  catchup: true,
  pool: true,
  alertChannel: true,
};

/** A program is not type-checked when it starts: a field that is misspelt would silently be its default. */
function checkFields(declaration: JobDeclaration): void {
  const parts: [string, object | undefined, object][] = [
    ["", declaration, FIELDS],
    ["retries.", declaration.retries, DEFAULTS.retries],
    ["catchup.", declaration.catchup, DEFAULTS.catchup],
  ];
  for (const [part, given = {}, known] of parts) {
    for (const field of Object.keys(given)) {
      if (Object.hasOwn(known, field)) continue;
      throw wrong(
        `${part}${field} of job ${declaration.name}`,
        `one of ${Object.keys(known).map((name) => part + name).join(", ")}`,
        part + field,
      );
    }
  }
}

function complete(declaration: JobDeclaration): Job {
  const { schedule } = declaration;
  return {
    ...DEFAULTS,
    ...declaration,
    schedule: "on" in schedule ? schedule : { cron: schedule.cron, timeZone: schedule.timeZone ?? "UTC" },
    retries: { ...DEFAULTS.retries, ...declaration.retries },
    catchup: { ...DEFAULTS.catchup, ...declaration.catchup },
  };
}

function checkJob(job: Job, pools: Pools, { pipelines, notebooks, channels }: JobRules): void {
  const place = (field: string) => `${field} of job ${job.name}`;
  const { schedule, retries, catchup } = job;
  if (!("on" in schedule)) checkCron(`Job ${job.name}`, schedule);
  else if (schedule.on !== "snapshot") {
    throw wrong(place("schedule.on"), "snapshot", schedule.on);
  }
  if (job.steps.length === 0) throw wrong(place("steps"), "at least one step", "none");
  for (const [i, step] of job.steps.entries()) {
    checkStep(place(`steps[${i}]`), step, { pipelines, notebooks });
  }
  const names = job.steps.map(stepName);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  // What is done of a run is noted by the names of its steps.
  if (twice !== undefined) throw wrong(place("steps"), "steps of different names", `${twice} twice`);
  if (job.owner.trim() === "") throw wrong(place("owner"), "a team or an address", job.owner);
  checkOneOf(place("overlap"), OVERLAPS, job.overlap);
  checkOneOf(place("catchup.runs"), MISSED, catchup.runs);
  checkOneOf(place("pool"), Object.keys(pools), job.pool);
  checkOneOf(place("alertChannel"), channels, job.alertChannel);
  checkPositive(place("catchup.maxAgeMinutes"), catchup.maxAgeMinutes);
  checkPositive(place("timeoutMinutes"), job.timeoutMinutes);
  if (job.slaMinutes !== undefined) checkPositive(place("slaMinutes"), job.slaMinutes);
  if (!isWhole(retries.limit, 0)) throw wrong(place("retries.limit"), "a whole number from 0", retries.limit);
  checkPositive(place("retries.firstDelaySeconds"), retries.firstDelaySeconds);
  checkPositive(place("retries.maxDelaySeconds"), retries.maxDelaySeconds);
}

function checkStep(place: string, step: Step, { pipelines, notebooks }: Omit<JobRules, "channels">): void {
  if ("pipeline" in step) checkOneOf(place, pipelines, step.pipeline);
  else checkOneOf(place, notebooks, step.notebook);
}

function checkDependencies({ name, dependsOn }: Job, jobs: Job[]): void {
  const others = jobs.filter((job) => job.name !== name).map((job) => job.name);
  for (const [i, dependency] of dependsOn.entries()) {
    checkOneOf(`dependsOn[${i}] of job ${name}`, others, dependency);
    if ("on" in findJob(jobs, dependency).schedule) {
      throw new ConfigError(`Job ${name} cannot depend on ${dependency}`, {
        expected: "a job with a cron expression",
        found: "one that runs when a snapshot is published",
        remedy: `Give ${name} the schedule { on: "snapshot" }, too.`,
      });
    }
  }
  const circle = circleFrom(name, jobs, [name]);
  if (circle !== undefined) {
    throw new ConfigError(`Job ${name} depends on itself`, {
      expected: "`dependsOn` without cycles",
      found: circle.join(" after "),
      remedy: "Remove one of these from `dependsOn`.",
    });
  }
}

/** A way along `after` back to where it began. */
function circleFrom(start: string, jobs: Job[], path: string[]): string[] | undefined {
  // A dependency that does not exist is reported when its own job is checked.
  for (const next of jobs.find((job) => job.name === path.at(-1))?.dependsOn ?? []) {
    if (next === start) return [...path, next];
    if (path.includes(next)) continue;
    const circle = circleFrom(start, jobs, [...path, next]);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function checkOneOf(place: string, allowed: string[], found: string): void {
  if (!allowed.includes(found)) throw wrong(place, `one of ${allowed.join(", ")}`, found);
}

function checkPositive(place: string, found: number): void {
  if (!(found > 0) || !Number.isFinite(found)) throw wrong(place, "a number above 0", found);
}

const isWhole = (value: number, from: number) => Number.isInteger(value) && value >= from;

const wrong = (place: string, expected: string, found: unknown) =>
  new ConfigError(`${place} cannot be used`, { expected, found: JSON.stringify(found) });
