/** Where the ledger of runs lies in the lake. */

const timeInKey = (scheduledFor: string) => scheduledFor.replaceAll(":", "-");

/** Beneath it every job has a folder. */
export const JOBS = "runs/jobs/";
/** Everything of a job. */
const jobFolder = (job: string) => `${JOBS}${job}/`;
/** The pages of a job: of a UTC day (`2024-10-02`), or of an hour (`2024-10-02T07`) where it runs more often than hourly. */
export const pagesFolder = (job: string) => `${jobFolder(job)}pages/`;
/** @param page A day or an hour, see {@linkcode pagesFolder}. */
export const pageKey = (job: string, page: string) => `${pagesFolder(job)}${page}.json`;
/** The day or hour of a page, by its key. */
export const pageIn = (key: string) => key.slice(key.lastIndexOf("/") + 1, -".json".length);

/** The job and the day of a page's key; undefined for all other keys. */
export function pageOfKey(key: string): { job: string; day: string } | undefined {
  const [, job, day] = PAGE.exec(key) ?? [];
  return job === undefined || day === undefined ? undefined : { job, day };
}
const PAGE = /^runs\/jobs\/([^/]+)\/pages\/(\d{4}-\d\d-\d\d)(?:T\d\d)?\.json$/;

/** Which pages have open runs, how far the job is planned, and whether it is paused. */
export const controlKey = (job: string) => `${jobFolder(job)}control.json`;
/** Incidents of the job and alerts that are to be sent. */
export const alertsKey = (job: string) => `${jobFolder(job)}alerts.json`;
/** Logs of a run: objects `<attempt>/<number>.log` in the order they were written. */
export const logFolder = (job: string, scheduledFor: string) =>
  `${jobFolder(job)}logs/${timeInKey(scheduledFor)}/`;
/** What a key of a piece of a log says; undefined for all other keys. */
export function logIn(key: string): { job: string; day: string } | undefined {
  const [, job, day] = LOG.exec(key) ?? [];
  return job === undefined || day === undefined ? undefined : { job, day };
}
const LOG = /^runs\/jobs\/([^/]+)\/logs\/(\d{4}-\d\d-\d\d)T\d\d-\d\d-\d\d\.\d{3}Z\/\d+\/\d{6,}\.log$/;
/** Whether a key lies where logs are, of whichever program. */
export const isAmongLogs = (key: string) =>
  key.startsWith(JOBS) && key.slice(JOBS.length).split("/")[1] === "logs";

/** The jobs as the schedulers of this lake know them. */
export const DEFINITIONS_KEY = "runs/schedule/definitions.json";
/** Changes whenever someone wants schedulers to look. */
export const WAKE_KEY = "runs/schedule/wake.json";
/** That no scheduler lives, and who was told. */
export const ABSENCE_KEY = "runs/schedule/absence.json";
/** That a scheduler lives. */
export const SCHEDULERS = "leases/schedulers/";
/** Which runs have a slot of a pool. */
export const poolKey = (pool: string) => `leases/pools/${pool}.json`;
