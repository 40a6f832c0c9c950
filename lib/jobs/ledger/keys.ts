/** Where the ledger of runs lies in the lake. */

const timeInKey = (scheduledFor: string) => scheduledFor.replaceAll(":", "-");

/** Beneath it every job has a folder. */
export const JOBS = "runs/jobs/";
/** Everything of a job. */
const jobFolder = (job: string) => `${JOBS}${job}/`;
/** The pages of a job, one a UTC day. */
export const pagesFolder = (job: string) => `${jobFolder(job)}pages/`;
/** The runs of a UTC day, `2024-10-02`. */
export const pageKey = (job: string, day: string) => `${pagesFolder(job)}${day}.json`;
/** Beneath it are the parts of a day's page. */
const partsFolder = (job: string, day: string) => `${jobFolder(job)}parts/${day}/`;
/** Runs of a page that do not stand on it itself. */
export const partKey = (job: string, day: string, id: string) => `${partsFolder(job, day)}${id}.json`;
/** What a key of a part says; undefined for all other keys. */
export function partIn(key: string): { job: string; day: string; id: string } | undefined {
  const [, job, day, id] = PART.exec(key) ?? [];
  return job === undefined ? undefined : { job, day: day!, id: id! };
}
const PART =
  /^runs\/jobs\/([^/]+)\/parts\/(\d{4}-\d\d-\d\d)\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.json$/;
/** Which pages have open runs, and whether the job is paused. */
export const controlKey = (job: string) => `${jobFolder(job)}control.json`;
/** What was told to whom about the job. */
export const alertsKey = (job: string) => `${jobFolder(job)}alerts.json`;
/** Logs of a run: objects `<attempt>/<number>.log` in the order they were written. */
export const logFolder = (job: string, scheduledFor: string) =>
  `${jobFolder(job)}logs/${timeInKey(scheduledFor)}/`;
/** What a key of a piece of a log says; undefined for all other keys. */
export function logIn(key: string): { job: string; day: string } | undefined {
  const [, job, day] = LOG.exec(key) ?? [];
  return job === undefined ? undefined : { job, day: day! };
}
const LOG = /^runs\/jobs\/([^/]+)\/logs\/(\d{4}-\d\d-\d\d)T\d\d-\d\d-\d\d\.\d{3}Z\/\d+\/\d{6,}\.log$/;
/** Whether a key lies where logs or parts of pages are, of whichever program. */
export const isBesidePages = (key: string) =>
  key.startsWith(JOBS) && ["logs", "parts"].includes(key.slice(JOBS.length).split("/")[1]!);
/** The jobs as the schedulers of this lake know them. */
export const DEFINITIONS_KEY = "runs/schedule/definitions.json";
/** Changes whenever someone wants schedulers to look. */
export const WAKE_KEY = "runs/schedule/bell.json";
/** That a scheduler lives. */
export const SCHEDULERS = "leases/schedulers/";
/** Who has the places of a pool. */
export const poolKey = (pool: string) => `leases/pools/${pool}.json`;

/** The page that a run stands on. */
export const dayOf = (scheduledFor: string) => scheduledFor.slice(0, 10);
/** The day of a page, by its key. */
export const dayIn = (key: string) => key.slice(-15, -5);
