import { InputError, LakeError, ShopFlowError } from "shopflow/errors/mod.ts";
import {
  changedFile,
  encodeSealedJson,
  type ObjectStore,
  readJson,
  readSealedJson,
  swapJson,
} from "shopflow/lake/mod.ts";
import { createHash } from "node:crypto";
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
  /** SHA-256 of the page. */
  pageSha256: string;
  /** Hash of all that the run depends on, to know when it need not be repeated. */
  inputs: string;
}

/** What `reports/<name>/current.json` holds. */
interface Pointer {
  runId: string;
  lastGoodRunId?: string;
}

const ATTEMPTS = 5;
const REPUBLISH = "Restore the file from a backup, or run `deno task pipeline run publish --force`.";

const key = (name: string, file: string) => `reports/${safe(name)}/${safe(file)}`;

/**
 * Publishes a run's page. A failed run becomes the report's page too, so that readers see what is wrong instead of
 * figures that silently grow old; the last good run stays in place and is named by the report.
 *
 * @param inputs see {@linkcode Report.inputs}
 * @throws {LakeError} when other runs of the notebook are faster again and again.
 */
export async function publishReport(
  store: ObjectStore,
  { record, page, inputs }: { record: RunRecord; page: Page; inputs: string },
): Promise<Report> {
  const { notebook: name, runId, status, failure } = record;
  const reportGiven = (before: Pointer | undefined): Report => {
    const lastGoodRunId = status === "succeeded" ? runId : before?.lastGoodRunId;
    return { ...content, ...(lastGoodRunId && { lastGoodRunId }), pageSha256, inputs };
  };
  const content = {
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
    scripts: page.scripts,
  };
  const html = new TextEncoder().encode(page.html);
  const pageSha256 = sha256Of(html);
  await store.put(key(name, `${runId}.html`), html);
  // The run that ends last is shown: what it was made from is part of it, and the next publish repeats one that is
  // not of the latest data. What a run that ended just before noted as its last good one must not get lost, though.
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await pointerVersion(store, name);
    const report = reportGiven(before?.value);
    await store.put(key(name, `${runId}.json`), encodeSealedJson(report));
    const { lastGoodRunId } = report;
    const pointer: Pointer = { runId, ...(lastGoodRunId && { lastGoodRunId }) };
    if (await swapJson(store, key(name, "current.json"), pointer, before)) return report;
  }
  throw new LakeError("The report is being published by other runs", {
    expected: `${key(name, "current.json")} in ${store.url} to stand still for a moment`,
    found: `${ATTEMPTS} changes while this run tried`,
    remedy: "Publish it again.",
  });
}

/**
 * The current report of every notebook, by name.
 *
 * @param options.onUnreadable Hears of a report that is there but cannot be read, and of why; the others are listed.
 *   By default that is thrown.
 */
export async function listReports(
  store: ObjectStore,
  { onUnreadable }: { onUnreadable?: (name: string, error: ShopFlowError) => void } = {},
): Promise<Report[]> {
  const keys = (await store.list("reports/")).map(({ key }) => key.split("/"));
  const names = keys.filter(([, , file]) => file === "current.json").map(([, name]) => name!);
  const reports = await Promise.all(names.map(async (name) => {
    try {
      return await currentReport(store, name) ?? lostRun(store, name);
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

/** The pointer with its tag. One that cannot be read names no run, and is replaced like any other. */
async function pointerVersion(
  store: ObjectStore,
  name: string,
): Promise<{ value?: Pointer; etag: string } | undefined> {
  try {
    return await readJson<Pointer>(store, key(name, "current.json"));
  } catch (error) {
    const damaged = error instanceof LakeError ? await store.get(key(name, "current.json")) : undefined;
    if (damaged === undefined) throw error;
    return { etag: damaged.etag };
  }
}

/** The current report of a notebook without its page, or undefined when it was never published. */
export async function currentReport(store: ObjectStore, name: string): Promise<Report | undefined> {
  const pointer = await readJson<Pointer>(store, key(name, "current.json"));
  return pointer && await reportOfRun(store, name, pointer.value.runId);
}

/**
 * A report with its page: the current one, or that of one run. Undefined when there is none.
 *
 * @throws {InputError} when name or run id could not be one.
 * @throws {LakeError} when the report or its page was changed since it was written.
 */
export async function readReport(
  store: ObjectStore,
  name: string,
  runId?: string,
): Promise<{ report: Report; html: string } | undefined> {
  const report = runId === undefined
    ? await currentReport(store, name)
    : await reportOfRun(store, name, runId);
  if (report === undefined) return undefined;
  const page = await store.get(key(name, `${report.runId}.html`));
  if (page === undefined) return undefined;
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
  // Its file only points to a run.
  if (runId === "current") return undefined;
  const report = await readSealedJson<Report>(store, key(name, `${runId}.json`), { remedy: REPUBLISH });
  return report?.value.runId === runId ? report.value : undefined;
}

const sha256Of = (body: Uint8Array) => createHash("sha256").update(body).digest("hex");

/** Names come from addresses that anybody may ask for. */
function safe(name: string): string {
  if (/^[\w][\w.-]*$/.test(name)) return name;
  throw new InputError("Not a name of a report or run", {
    expected: "letters, digits, _ and -",
    found: JSON.stringify(name.slice(0, 60)),
  });
}
