import { SourceError } from "shopflow/errors/mod.ts";
import { codeVersion, fileExists, type Progress, silentProgress } from "shopflow/runtime/mod.ts";
import {
  type BusinessFigures,
  checkParameters,
  ROWS_PER_CHUNK,
  type SimulatedShop,
  simulateShop,
  type SimulationParameters,
} from "shopflow/simulation/mod.ts";
import { countSourceRows, importReportPath, loadShop } from "shopflow/sources/mod.ts";
import { join } from "node:path";
import type { PipelineContext } from "../context.ts";
import {
  isSimulated,
  readSimulationRecord,
  type SimulationRecord,
  sourcesOf,
  truthPath,
  writeSimulationRecord,
  writeWhole,
} from "./simulation_record.ts";

export interface SimulateOptions extends SimulationParameters {
  /** Simulate again although the same shop is there. */
  force?: boolean;
  /** Overwrite a shop that the simulator did not make. */
  replace?: boolean;
}

export interface SimulateResult {
  status: "done" | "unchanged";
  rows: Record<string, number>;
  figures: BusinessFigures;
}

const LIBRARY = join(import.meta.dirname!, "..", "..", "lib");
/** Folders and files that decide which rows come out of equal parameters. */
const GENERATOR = [join(LIBRARY, "simulation"), join(LIBRARY, "runtime", "random.ts")];

/**
 * Simulates a shop and loads it into the configured source databases; the hidden truth goes to
 * `<home>/shop/truth.csv`. The record of the shop is marked complete last, so that an interrupted load is
 * not taken for a shop.
 *
 * @throws {InputError} when a parameter is out of range.
 * @throws {SourceError} when the databases hold rows that the simulator did not make and `replace` is not
 *   set, or cannot be reached.
 */
export async function simulateIntoSources(
  { config, runtime: { progress } }: Pick<PipelineContext, "config" | "runtime">,
  { force = false, replace = false, customers, products, seed, until }: SimulateOptions,
): Promise<SimulateResult> {
  const parameters = { customers, products, seed, until };
  checkParameters(parameters);
  const generator = await codeVersion(GENERATOR);
  const found = await countSourceRows(config);
  const record = await readSimulationRecord(config);
  const ours = record !== undefined && isSimulated(record, found);
  if (ours && !force && isSame(record, parameters, generator) && await fileExists(truthPath(config))) {
    return { status: "unchanged", rows: record.rows, figures: record.figures };
  }
  if (!ours && !replace) refuseRows(found, record !== undefined);

  const shop = simulate(parameters, progress);
  const rows = rowsOf(shop);
  const { figures } = shop;
  const sources = sourcesOf(config);
  const next: SimulationRecord = {
    state: "loading",
    parameters,
    generator,
    sources,
    rows,
    rowsBefore: found,
    figures,
  };
  await writeSimulationRecord(config, next);
  await load(shop, config, progress);
  await writeWhole(truthPath(config), shop.truth);
  await removeIfThere(importReportPath(config.home));
  await writeSimulationRecord(config, { ...next, state: "complete" });
  return { status: "done", rows, figures };
}

function isSame(record: SimulationRecord, parameters: SimulationParameters, generator: string): boolean {
  return record.state === "complete" && record.generator === generator &&
    JSON.stringify(record.parameters) === JSON.stringify(parameters);
}

function refuseRows(found: Record<string, number>, simulatedBefore: boolean): void {
  const filled = Object.entries(found).filter(([, rows]) => rows > 0);
  if (filled.length === 0) return;
  throw new SourceError("The source databases hold rows that the simulator did not make", {
    expected: simulatedBefore ? "the simulated shop as it was made, or no rows" : "no rows",
    found: filled.map(([table, rows]) => `${rows.toLocaleString("en-US")} ${table}`).join(", "),
    remedy: "Pass --replace to delete them, or set SHOPFLOW_HOME or SHOPFLOW_POSTGRES_URL to another place.",
  });
}

function simulate(parameters: SimulationParameters, progress: Progress): SimulatedShop {
  let bar: ReturnType<Progress["start"]> | undefined;
  const shop = simulateShop(parameters, {
    onDay(done, total) {
      bar ??= progress.start("simulate the history", total, "days");
      bar.update(done);
    },
  });
  bar?.finish(`${parameters.customers.toLocaleString("en-US")} customers until ${parameters.until}`);
  return shop;
}

function rowsOf({ tables, tickets }: SimulatedShop): Record<string, number> {
  return {
    ...Object.fromEntries(tables.map(({ table, rows }) => [table, rows])),
    support_tickets: tickets.rows,
  };
}

async function load(
  { tables, tickets }: SimulatedShop,
  config: PipelineContext["config"],
  progress: Progress,
): Promise<void> {
  // The bars are drawn here, where the totals are known.
  const options = { replace: true, progress: silentProgress };
  const watched = tables.map(({ table, rows, csv }) => ({
    table,
    csv: watch(csv, { label: `load ${table}`, rows, rowsEach: ROWS_PER_CHUNK }, progress),
  }));
  const documents = watch(tickets.documents, {
    label: "load support_tickets",
    rows: tickets.rows,
    rowsEach: 1,
  }, progress);
  await loadShop(config, { tables: watched, tickets: documents }, options);
}

/** Passes things on while a bar shows how many rows have been taken. */
function* watch<T>(
  things: Iterable<T>,
  { label, rows, rowsEach }: { label: string; rows: number; rowsEach: number },
  progress: Progress,
): Generator<T> {
  const bar = progress.start(label, rows, "rows");
  let done = 0;
  for (const thing of things) {
    yield thing;
    bar.update(Math.min(rows, done += rowsEach));
  }
  bar.finish(`${rows.toLocaleString("en-US")} rows`);
}

async function removeIfThere(path: string): Promise<void> {
  if (await fileExists(path)) await Deno.remove(path);
}
