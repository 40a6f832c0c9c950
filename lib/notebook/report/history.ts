import { LakeError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { declaredIn } from "../format/report_declaration.ts";
import { parseNotebook } from "../format/notebook_file.ts";
import type { Cell, Notebook } from "../format/nbformat.ts";
import { comparableOutputs } from "../diff/match.ts";
import { outputTables } from "./content/outputs.ts";
import { createProseRenderer } from "./content/prose.ts";
import { parseTableId, type TableData, tablesOf } from "./content/tables.ts";
import type { Report } from "./report_record.ts";
import { isReportName, readReportNotebook, reportOfRun } from "./reports.ts";

/** The published runs of a report, the newest first. */
export interface ReportHistory {
  runs: Report[];
  /** Ids of runs whose record was damaged. */
  unreadable: string[];
  /** How many there are in all. */
  total: number;
}

/**
 * A part of the runs of a report. What has no page is left out: runs that were cancelled or killed.
 *
 * @returns undefined when nothing was ever published by this name.
 */
export async function reportHistory(
  store: ObjectStore,
  name: string,
  { skip = 0, limit = 30 }: { skip?: number; limit?: number } = {},
): Promise<ReportHistory | undefined> {
  if (!isReportName(name)) return undefined;
  const runIds = (await store.list(`reports/${name}/`)).map(({ key }) => basename(key))
    .filter((file) => file.endsWith(".json") && file !== "current.json")
    // Ids sort by time.
    .map((file) => basename(file, ".json")).sort().reverse();
  if (runIds.length === 0) return undefined;
  const unreadable: string[] = [];
  const runs = await Promise.all(
    runIds.slice(skip, skip + limit).map(async (runId) => {
      try {
        return await reportOfRun(store, name, runId);
      } catch (error) {
        if (!(error instanceof LakeError)) throw error;
        unreadable.push(runId);
      }
    }),
  );
  return { runs: runs.filter((run) => run !== undefined), unreadable, total: runIds.length };
}

/** The report of a run without its page; undefined when there is none. */
export async function publishedRun(
  store: ObjectStore,
  name: string,
  runId: string,
): Promise<Report | undefined> {
  return isReportName(name) && isReportName(runId) ? await reportOfRun(store, name, runId) : undefined;
}

/**
 * A table of a published run with all of its rows.
 *
 * @param id as links of the page name it, e.g. `cell-3-0-0`
 * @returns undefined when there is no such run or table.
 */
export async function readReportTable(
  store: ObjectStore,
  name: string,
  runId: string,
  id: string,
): Promise<TableData | undefined> {
  const place = parseTableId(id);
  if (place === undefined || !isReportName(name) || !isReportName(runId)) return undefined;
  const notebook = await readExecutedRun(store, name, runId);
  const cell = notebook?.cells[place.cell];
  if (cell === undefined) return undefined;
  if (place.output === "text") {
    return cell.cell_type === "markdown"
      ? tablesOf(createProseRenderer().render(cell.source))[place.index]
      : undefined;
  }
  const output = cell.cell_type === "code" ? cell.outputs[place.output] : undefined;
  return output !== undefined && "data" in output ? outputTables(output.data)[place.index] : undefined;
}

async function readExecutedRun(
  store: ObjectStore,
  name: string,
  runId: string,
): Promise<Notebook | undefined> {
  const file = await readReportNotebook(store, name, runId);
  return file && parseNotebook(new TextDecoder().decode(file), `the run ${runId}`);
}

/** What two runs of a report show differently. */
export interface OutputComparison {
  /** Code cells with outputs in either run. */
  compared: number;
  /** Those of them whose outputs differ, with the heading above them. */
  different: { cellId: string; section: string }[];
}

/**
 * Compares the outputs of two runs cell by cell; texts and data as they are, pictures by their bytes. Cells that the
 * report hides are left out.
 *
 * @returns undefined when one of the notebooks is gone.
 */
export async function compareRunOutputs(
  store: ObjectStore,
  name: string,
  [earlier, later]: [string, string],
): Promise<OutputComparison | undefined> {
  const [a, b] = await Promise.all([earlier, later].map((runId) => readExecutedRun(store, name, runId)));
  if (a === undefined || b === undefined) return undefined;
  const before = new Map(a.cells.map((cell) => [cell.id, digest(cell)]));
  const { hide_cells: hidden = [] } = declaredIn(
    (b.metadata.shopflow as { report?: unknown } | undefined)?.report,
  );
  const after = new Set(b.cells.map(({ id }) => id));
  const comparison: OutputComparison = { compared: 0, different: [] };
  const visible = ({ id }: Cell) => !hidden.includes(id);
  for (const { cell, section } of codeCells(b).filter(({ cell }) => visible(cell))) {
    const [now, then] = [digest(cell), before.get(cell.id) ?? ""];
    if (now === "" && then === "") continue;
    comparison.compared++;
    if (now !== then) comparison.different.push({ cellId: cell.id, section });
  }
  // What the later notebook has no more.
  for (const { cell, section } of codeCells(a).filter(({ cell }) => visible(cell) && !after.has(cell.id))) {
    if (digest(cell) === "") continue;
    comparison.compared++;
    comparison.different.push({ cellId: cell.id, section });
  }
  return comparison;
}

/** The code cells of a notebook, each with the heading above it. */
function codeCells({ cells }: Notebook): { cell: Cell; section: string }[] {
  let section = "";
  return cells.flatMap((cell) => {
    if (cell.cell_type === "markdown") section = /^#{1,3} +(.+)$/m.exec(cell.source)?.[1] ?? section;
    return cell.cell_type === "code" ? [{ cell, section }] : [];
  });
}

/** A hash of what a cell shows, however the kernel cut it into pieces; empty when that is nothing. */
function digest(cell: Cell): string {
  if (cell.cell_type !== "code" || cell.outputs.length === 0) return "";
  return createHash("sha256").update(JSON.stringify(comparableOutputs(cell))).digest("hex");
}
