import { InputError } from "shopflow/errors/mod.ts";
import { encodeJson, type ObjectStore, readJson } from "shopflow/lake/mod.ts";
import type { Parameters } from "./parameters.ts";
import type { Page } from "./render/page.ts";
import { runKey, type RunRecord, snapshotRead } from "./run_record.ts";

/** A published notebook run: what an index of reports shows of it. */
export interface Report {
  /** The notebook's name; `/reports/<name>` is its page. */
  name: string;
  title: string;
  /** First paragraph of the notebook, as plain text. */
  summary: string;
  runId: string;
  /** When the run started. */
  createdAt: string;
  milliseconds: number;
  /** Snapshot of the lake that the notebook read; empty when it read none. */
  snapshot: string;
  parameters: Parameters;
  status: RunRecord["status"];
  /** The failing cell's error, on a failed run. */
  error?: string;
  /** Run that succeeded last: this one, or on a failed run the one before, if there ever was one. */
  lastGoodRunId?: string;
  /** Hashes of the page's scripts: those that our renderer put in, not those that are found in the page. */
  scripts?: string[];
  /** Hash of all that the run depends on, to know when it need not be repeated. */
  inputs: string;
}

/** What `reports/<name>/current.json` holds. */
interface Pointer {
  runId: string;
  lastGoodRunId?: string;
}

const key = (name: string, file: string) => `reports/${safe(name)}/${safe(file)}`;

/**
 * Publishes a run's page. A failed run becomes the report's page too, so that readers see what is wrong instead of
 * figures that silently grow old; the last good run stays in place and is named by the report.
 *
 * @param inputs see {@linkcode Report.inputs}
 */
export async function publishReport(
  store: ObjectStore,
  { record, page, inputs }: { record: RunRecord; page: Page; inputs: string },
): Promise<Report> {
  const { notebook: name, runId, status, failure } = record;
  const before = await readJson<Pointer>(store, key(name, "current.json"));
  const lastGoodRunId = status === "succeeded" ? runId : before?.value.lastGoodRunId;
  const report: Report = {
    name,
    title: page.title,
    summary: page.summary,
    runId,
    createdAt: record.startedAt,
    milliseconds: record.milliseconds,
    snapshot: snapshotRead(record) ?? "",
    parameters: record.parameters,
    status,
    ...(failure && { error: `${failure.ename}: ${failure.evalue}` }),
    ...(lastGoodRunId && { lastGoodRunId }),
    scripts: page.scripts,
    inputs,
  };
  await store.put(key(name, `${runId}.html`), new TextEncoder().encode(page.html));
  await store.put(key(name, `${runId}.json`), encodeJson(report));
  const pointer: Pointer = { runId, ...(lastGoodRunId && { lastGoodRunId }) };
  await store.put(key(name, "current.json"), encodeJson(pointer));
  return report;
}

/** The current report of every notebook, by name. */
export async function listReports(store: ObjectStore): Promise<Report[]> {
  const keys = (await store.list("reports/")).map(({ key }) => key.split("/"));
  const names = keys.filter(([, , file]) => file === "current.json").map(([, name]) => name!);
  const reports = await Promise.all(names.map((name) => currentReport(store, name)));
  return reports.filter((report) => report !== undefined);
}

/** The current report of a notebook without its page, or undefined when it was never published. */
export async function currentReport(store: ObjectStore, name: string): Promise<Report | undefined> {
  const pointer = await readJson<Pointer>(store, key(name, "current.json"));
  return pointer && (await readJson<Report>(store, key(name, `${pointer.value.runId}.json`)))?.value;
}

/**
 * A report with its page: the current one, or that of one run. Undefined when there is none.
 *
 * @throws {InputError} when name or run id could not be one.
 */
export async function readReport(
  store: ObjectStore,
  name: string,
  runId?: string,
): Promise<{ report: Report; html: string } | undefined> {
  const report = runId === undefined
    ? await currentReport(store, name)
    : await reportOfRun(store, name, runId);
  const page = report && await store.get(key(name, `${report.runId}.html`));
  return page && { report, html: new TextDecoder().decode(page.body) };
}

/**
 * The executed notebook of a published run, as a file. Undefined when there is none.
 *
 * @throws {InputError} when name or run id could not be one.
 */
export async function readReportNotebook(
  store: ObjectStore,
  name: string,
  runId: string,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const report = await reportOfRun(store, name, runId);
  return report && (await store.get(runKey(name, runId)))?.body;
}

/** Where the server offers the executed notebook of a published run. */
export const notebookPath = ({ notebook, runId }: Pick<RunRecord, "notebook" | "runId">): string =>
  `/reports/${notebook}/runs/${runId}/notebook.ipynb`;

/** The report of one run; `current`, whose file only points to a run, is none. */
async function reportOfRun(store: ObjectStore, name: string, runId: string): Promise<Report | undefined> {
  const report = (await readJson<Report>(store, key(name, `${runId}.json`)))?.value;
  return report?.runId === runId ? report : undefined;
}

/** Names come from addresses that anybody may ask for. */
function safe(name: string): string {
  if (/^[\w][\w.-]*$/.test(name)) return name;
  throw new InputError("Not a name of a report or run", {
    expected: "letters, digits, _ and -",
    found: JSON.stringify(name.slice(0, 60)),
  });
}
