import { InputError, LakeError, ShopFlowError } from "shopflow/errors/mod.ts";
import {
  changedFile,
  encodeSealedJson,
  type ObjectStore,
  readJson,
  readSealedJson,
  swapJson,
  updateJson,
} from "shopflow/lake/store/mod.ts";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { type Publication, type Report, reportOf } from "./report_record.ts";
import { runKey, type RunRecord } from "../run/record.ts";
import { oneLine, startedRun, type UnpublishedRun } from "./unpublished_run.ts";

/** What is shown of a notebook: its last good run or, where none has succeeded yet, the last that failed. */
export interface CurrentReport extends Report {
  /** Run that succeeded last, if there ever was one. */
  lastGoodRunId?: string;
  /** A later run that could not take its place. */
  unpublished?: UnpublishedRun;
  /** Whether a run was started that may still take its place. */
  isPending?: true;
  /** When the notebook was found to be gone: the report is not renewed any more. */
  removedAt?: string;
}

/** What `reports/<name>/current.json` holds: the only part of a report that changes. */
interface Pointer {
  /** The run that ended last; none before the first has ended. */
  runId?: string;
  lastGoodRunId?: string;
  /** A run that was started to be published. It stays here when its program ends before that. */
  started?: { runId: string; startedAt: string };
  removedAt?: string;
}

const REPUBLISH = "Restore the file from a backup, or run `deno task pipeline run publish --force`.";

const key = (name: string, file: string) => `reports/${safe(name)}/${safe(file)}`;

/**
 * Publishes a run's page. One that succeeded becomes the page of the report. One that did not leaves the last good page
 * in its place and is named beside it, so that an old page never passes for a current one; it is shown itself only where
 * no run has succeeded yet.
 *
 * @throws {LakeError} when other runs of the notebook are faster time and again.
 */
export async function publishReport(
  store: ObjectStore,
  publication: Publication,
): Promise<Report & Pick<CurrentReport, "lastGoodRunId">> {
  const { record, page, isCurrent = true } = publication;
  const { notebook: name, runId, status } = record;
  const html = new TextEncoder().encode(page.html);
  const report = reportOf(publication, sha256Of(html));
  // The pointer comes last: what it names is there.
  await store.put(key(name, `${runId}.html`), html);
  await store.put(key(name, `${runId}.json`), encodeSealedJson(report));
  if (!isCurrent) return report;
  // The run that ends last is shown: what it was made from is part of it, and the next publish repeats one that is not
  // of the latest data. Which run was the last good one must not get lost, though.
  const pointer = await changePointer(store, name, ({ lastGoodRunId: before, started }) => {
    const lastGoodRunId = status === "succeeded" ? runId : before;
    return {
      runId,
      ...(lastGoodRunId && { lastGoodRunId }),
      ...(started && started.runId !== runId && { started }),
    };
  });
  return { ...report, ...lastGoodOf(pointer) };
}

/** Marks that a run has started that will be published, so that readers see when it gets lost. */
export async function markRunStarted(
  store: ObjectStore,
  { notebook, runId, startedAt }: Pick<RunRecord, "notebook" | "runId" | "startedAt">,
): Promise<void> {
  await changePointer(store, notebook, (before) => ({ ...before, started: { runId, startedAt } }));
}

/** Marks since when the notebook of a report is gone, or that it is back. */
export async function markNotebookRemoved(
  store: ObjectStore,
  name: string,
  removedAt?: string,
): Promise<void> {
  await changePointer(store, name, ({ removedAt: before, ...pointer }) =>
    // The first time counts.
    (before === undefined) === (removedAt === undefined)
      ? undefined
      : { ...pointer, ...(removedAt && { removedAt }) });
}

/** @param change Gives the pointer that follows; undefined leaves the one that is there. */
async function changePointer(
  store: ObjectStore,
  name: string,
  change: (before: Pointer) => Pointer | undefined,
): Promise<Pointer> {
  await restoreDamagedPointer(store, name);
  const { now } = await updateJson<Pointer>(
    store,
    key(name, "current.json"),
    (before) => change(before ?? {}),
  );
  return now ?? {};
}

/** Names of all reports, also of those that cannot be read. */
export async function reportNames(store: ObjectStore): Promise<string[]> {
  const keys = (await store.list("reports/")).map(({ key }) => key.split("/"));
  return keys.flatMap(([, name, file]) => name !== undefined && file === "current.json" ? [name] : []);
}

/** When it is asked; by default now. */
interface AskedAt {
  now?: Date;
}

/**
 * The current report of every notebook, by name.
 *
 * @param options.onUnreadable Called for a report that exists but cannot be read, with the reason; the others are listed.
 *   By default that is thrown.
 */
export async function listReports(
  store: ObjectStore,
  { onUnreadable, ...asked }: { onUnreadable?: (name: string, error: ShopFlowError) => void } & AskedAt = {},
): Promise<CurrentReport[]> {
  const reports = await Promise.all((await reportNames(store)).map(async (name) => {
    try {
      return await currentReport(store, name, asked);
    } catch (error) {
      if (!(error instanceof ShopFlowError) || onUnreadable === undefined) throw error;
      onUnreadable(name, error);
    }
  }));
  return reports.filter((report) => report !== undefined);
}

/** @throws {LakeError} always. */
function lostRun(store: ObjectStore, name: string): never {
  throw new LakeError(`The report ${name} cannot be read`, {
    expected: `the run that ${key(name, "current.json")} in ${store.url} names`,
    found: "no such run",
    remedy: "Run `deno task pipeline run publish --force`.",
  });
}

/** A page is written before the run is, so one that is absent was deleted by others. */
const lostPage = (store: ObjectStore, name: string, runId: string) =>
  new LakeError(`The page of the report ${name} is missing`, {
    expected: `${key(name, `${runId}.html`)} in ${store.url}`,
    found: "none",
    remedy: REPUBLISH,
  });

/** Puts in the place of a pointer that cannot be read what the runs themselves say. */
async function restoreDamagedPointer(store: ObjectStore, name: string): Promise<void> {
  try {
    await readJson<Pointer>(store, key(name, "current.json"));
  } catch (error) {
    const damaged = error instanceof LakeError ? await store.get(key(name, "current.json")) : undefined;
    if (damaged === undefined) throw error;
    // Where another writer was faster, it has restored the pointer.
    await swapJson(store, key(name, "current.json"), await pointerFromRuns(store, name), damaged);
  }
}

const lastGoodOf = ({ lastGoodRunId }: Pointer) => lastGoodRunId === undefined ? {} : { lastGoodRunId };

/** The last good run by the reports of all runs, whose ids sort by time. */
async function pointerFromRuns(store: ObjectStore, name: string): Promise<Pointer> {
  const files = (await store.list(`reports/${name}/`)).map(({ key }) => basename(key));
  const runIds = files.filter((file) => file.endsWith(".json") && file !== "current.json")
    .map((file) => basename(file, ".json")).sort().reverse();
  for (const runId of runIds) {
    const report = await reportOfRun(store, name, runId).catch((error) => {
      if (!(error instanceof LakeError)) throw error;
    });
    if (report?.status === "succeeded") return { runId, lastGoodRunId: runId };
  }
  return {};
}

/**
 * The current report of a notebook without its page, or undefined when none was published.
 *
 * @throws {LakeError} when it is there but cannot be read.
 */
export async function currentReport(
  store: ObjectStore,
  name: string,
  { now = new Date() }: AskedAt = {},
): Promise<CurrentReport | undefined> {
  const pointer = (await readJson<Pointer>(store, key(name, "current.json")))?.value;
  const shown = pointer?.lastGoodRunId ?? pointer?.runId;
  if (pointer === undefined || shown === undefined) return undefined;
  const report = await reportOfRun(store, name, shown) ?? lostRun(store, name);
  const { started, removedAt } = pointer;
  const later = started && await startedRun(store, name, started, now);
  const isPending = later === "pending";
  const unpublished = later && !isPending ? later : await failedRun(store, report, pointer);
  return {
    ...report,
    ...lastGoodOf(pointer),
    ...(unpublished && { unpublished }),
    ...(isPending && { isPending }),
    ...(removedAt && { removedAt }),
  };
}

/** The run that ended last, where it failed after the one that is shown. */
async function failedRun(
  store: ObjectStore,
  shown: Report,
  { runId }: Pointer,
): Promise<UnpublishedRun | undefined> {
  if (runId === undefined || runId === shown.runId) return undefined;
  const run = await reportOfRun(store, shown.name, runId).catch((error) => {
    // Its record is damaged; the page that is shown is not.
    if (!(error instanceof LakeError)) throw error;
  });
  if (run === undefined || run.status === "succeeded" || run.createdAt < shown.createdAt) return undefined;
  const { status, createdAt, error = "no cause is known" } = run;
  return {
    runId,
    startedAt: createdAt,
    outcome: status === "cancelled" ? "cancelled" : "failed",
    cause: oneLine(error),
    hasPage: true,
  };
}

/**
 * A report with its page: the current one, or that of one run. Undefined when there is none.
 *
 * @throws {InputError} when name or run id could not be one.
 * @throws {LakeError} when the report or its page was changed since it was written, or the page is gone.
 */
export async function readReport(
  store: ObjectStore,
  name: string,
  runId?: string,
  asked: AskedAt = {},
): Promise<{ report: CurrentReport; html: string } | undefined> {
  const report = runId === undefined
    ? await currentReport(store, name, asked)
    : await pastReport(store, name, runId);
  if (report === undefined) return undefined;
  const page = await store.get(key(name, `${report.runId}.html`));
  if (page === undefined) throw lostPage(store, name, report.runId);
  const found = sha256Of(page.body);
  if (found !== report.pageSha256) {
    throw changedFile(
      store,
      key(name, `${report.runId}.html`),
      { expected: report.pageSha256, found },
      REPUBLISH,
    );
  }
  return { report, html: new TextDecoder().decode(page.body) };
}

/** The report of one run, with the run that succeeded last; it is shown without that where the pointer is damaged. */
async function pastReport(
  store: ObjectStore,
  name: string,
  runId: string,
): Promise<CurrentReport | undefined> {
  const report = await reportOfRun(store, name, runId);
  if (report === undefined || report.status === "succeeded") return report;
  const pointer = await readJson<Pointer>(store, key(name, "current.json")).catch((error) => {
    if (!(error instanceof LakeError)) throw error;
  });
  return { ...report, ...lastGoodOf(pointer?.value ?? {}) };
}

/**
 * The executed notebook of a run that was published, or started to be, as a file. Undefined when there is none.
 *
 * @throws {InputError} when name or run id could not be one.
 */
export async function readReportNotebook(
  store: ObjectStore,
  name: string,
  runId: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const known = await reportOfRun(store, name, runId) !== undefined ||
    (await readJson<Pointer>(store, key(name, "current.json")))?.value.started?.runId === runId;
  return known ? (await store.get(runKey(name, runId)))?.body : undefined;
}

/** Where the server offers the executed notebook of a published run. */
export const notebookPath = ({ notebook, runId }: Pick<RunRecord, "notebook" | "runId">): string =>
  `/reports/${notebook}/runs/${runId}/notebook.ipynb`;

/** The report of one run; `current`, whose file only points to a run, is none. */
export async function reportOfRun(
  store: ObjectStore,
  name: string,
  runId: string,
): Promise<Report | undefined> {
  // Its file only points to a run.
  if (runId === "current") return undefined;
  const report = await readSealedJson<Report>(store, key(name, `${runId}.json`), { remedy: REPUBLISH });
  return report?.value.runId === runId ? report.value : undefined;
}

const sha256Of = (body: Uint8Array) => createHash("sha256").update(body).digest("hex");

/** Whether a text could be the name of a report or the id of a run. */
export const isReportName = (name: string): boolean => /^[\w][\w.-]*$/.test(name);

/** Names come from addresses that anybody may ask for. */
function safe(name: string): string {
  if (isReportName(name)) return name;
  throw new InputError("Invalid name of a report or run", {
    expected: "letters, digits, _ and -",
    found: JSON.stringify(name.slice(0, 60)),
  });
}
