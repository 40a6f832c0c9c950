import { type Config, loadConfig } from "shopflow/config/mod.ts";
import { InputError, SourceError } from "shopflow/errors/mod.ts";
import {
  codeVersion,
  countOf,
  createRuntime,
  fileExists,
  formatCount,
  type Progress,
  silentProgress,
  writeAll,
} from "shopflow/runtime/mod.ts";
import {
  type BusinessMetrics,
  checkParameters,
  HISTORY_MONTHS,
  LIMITS,
  OVERSTOCK_DAYS,
  productsFor,
  ROWS_PER_CHUNK,
  type SimulatedShop,
  simulateShop,
  type SimulationParameters,
} from "shopflow/simulation/mod.ts";
import { dirname, join } from "node:path";
import { countSourceRows, importReportPath, loadShop } from "shopflow/sources/mod.ts";
import type { PipelineContext } from "../context.ts";
import { sourcesOf, writeSimulatedBusiness } from "../simulated_business.ts";
import { runCommand, withLogLevel } from "shopflow/cli/mod.ts";
import { Command } from "commander";

/** What the simulator put where: `<home>/shop/simulation.json`. */
export interface SimulationRecord {
  /** `loading` from before the first row is loaded until the last one is. */
  state: "loading" | "complete";
  parameters: SimulationParameters;
  /** Version of the code that generated the rows. */
  generator: string;
  /** The databases, without passwords. */
  sources: string[];
  /** Rows the sources have when the shop is complete. */
  rows: Record<string, number>;
  /** Rows they had before. */
  rowsBefore: Record<string, number>;
  metrics: BusinessMetrics;
}

/** Where the hidden truth lies. */
export const truthPath = ({ home }: Config): string => join(home, "shop", "truth.csv");

const recordPath = ({ home }: Config) => join(home, "shop", "simulation.json");

/**
 * The record of the shop in the configured databases; undefined when none was simulated into them.
 *
 * @throws {SourceError} when the record is there but not JSON.
 */
export async function readSimulationRecord(config: Config): Promise<SimulationRecord | undefined> {
  const path = recordPath(config);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    const record = JSON.parse(text) as SimulationRecord;
    return record.sources.join() === sourcesOf(config).join() ? record : undefined;
  } catch (cause) {
    throw new SourceError(`${path} cannot be read`, {
      expected: "the record of a simulated shop as JSON",
      remedy: "Delete it and run `deno task simulate --replace`.",
      cause,
    });
  }
}

/** Writes the record in place of the one before. */
export async function writeSimulationRecord(config: Config, record: SimulationRecord): Promise<void> {
  await writeWhole(recordPath(config), [
    new TextEncoder().encode(JSON.stringify(record, null, 2) + "\n"),
  ]);
}

/** Writes a file beside its place first, so that it is never seen half. */
async function writeWhole(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const staged = `${path}.tmp`;
  try {
    {
      using file = await Deno.open(staged, { create: true, truncate: true, write: true });
      for (const chunk of chunks) await writeAll(file, staged, chunk);
    }
    await Deno.rename(staged, path);
  } catch (error) {
    await Deno.remove(staged).catch(() => {});
    throw error;
  }
}

/**
 * Whether the rows found are the simulator's: those of the complete shop, or, where loading was interrupted,
 * those from before or after it (the tables change in one transaction, the tickets just after it).
 */
export function isSimulated(record: SimulationRecord, found: Record<string, number>): boolean {
  const equal = (expected: Record<string, number>, tables: string[]) =>
    tables.every((table) => expected[table] === found[table]);
  const all = Object.keys(record.rows);
  if (record.state === "complete") return equal(record.rows, all);
  const tables = all.filter((table) => table !== "support_tickets");
  return equal(record.rows, tables) || equal(record.rowsBefore, tables);
}

export interface SimulateOptions extends SimulationParameters {
  /** Simulate again although the same shop is there. */
  force?: boolean;
  /** Overwrite a shop that the simulator did not make. */
  replace?: boolean;
}

interface SimulateResult {
  status: "done" | "unchanged";
  rows: Record<string, number>;
  metrics: BusinessMetrics;
}

const LIBRARY = join(import.meta.dirname!, "..", "..", "lib");
/** Folders and files that decide which rows come out of equal parameters. */
const GENERATOR = [join(LIBRARY, "simulation"), join(LIBRARY, "runtime", "runtime.ts")];

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
    return { status: "unchanged", rows: record.rows, metrics: record.metrics };
  }
  if (!ours && !replace) refuseRows(found, record !== undefined);

  const shop = simulate(parameters, progress);
  const rows = rowsOf(shop);
  const { metrics } = shop;
  const sources = sourcesOf(config);
  const next: SimulationRecord = {
    state: "loading",
    parameters,
    generator,
    sources,
    rows,
    rowsBefore: found,
    metrics,
  };
  await writeSimulationRecord(config, next);
  await load(shop, config, progress);
  await writeWhole(truthPath(config), shop.truth);
  await removeIfThere(importReportPath(config.home));
  await writeSimulatedBusiness(config, customers);
  await writeSimulationRecord(config, { ...next, state: "complete" });
  return { status: "done", rows, metrics };
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
    found: filled.map(([table, rows]) => `${formatCount(rows)} ${table}`).join(", "),
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
  bar?.finish(`${formatCount(parameters.customers)} customers until ${parameters.until}`);
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
  bar.finish(countOf(rows, "row"));
}

async function removeIfThere(path: string): Promise<void> {
  if (await fileExists(path)) await Deno.remove(path);
}

/** What a person wants to know of a simulated shop: its size and its troubles. */
export function formatSimulation({ status, rows, metrics }: SimulateResult): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`.padStart(8);
  const counts = Object.entries(rows).map(([table, count]) => `${formatCount(count)} ${table}`);
  return [
    status === "unchanged"
      ? "This shop already exists; nothing to do (--force simulates it again)."
      : `Simulated ${HISTORY_MONTHS} months of a shop.`,
    counts.join(", "),
    `  ${percent(metrics.monthlyLapsed)}  of active customers lapse per month (90 days without an order)`,
    `  ${percent(metrics.cartAbandonment)}  of carts are abandoned`,
    `  ${percent(metrics.stockouts)}  of inventory rows are out of stock`,
    `  ${percent(metrics.overstock)}  are overstocked (more than ${OVERSTOCK_DAYS} days' sales)`,
    "Next: deno task pipeline run all",
  ].join("\n");
}

/**
 * Reads a flag that is a whole number.
 *
 * @throws {InputError} on anything else, or a number that is too small or large.
 */
export function boundedNumber(flag: keyof typeof LIMITS): (text: string) => number {
  const { least, most } = LIMITS[flag];
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InputError(`Invalid --${flag}`, {
      expected: `a whole number from ${least} to ${most}`,
      found: JSON.stringify(text),
    });
  };
}

/** In place of a date: the last whole day, so that the data is as fresh as a shop's that is read every night. */
const YESTERDAY = "yesterday";

/** The day that `--until` names: itself, or the day before `now` in UTC. */
export function untilDay(flag: string, now: Date): string {
  if (flag !== YESTERDAY) return flag;
  const today = Temporal.PlainDate.from(now.toISOString().slice(0, 10));
  return today.subtract({ days: 1 }).toString();
}

interface Flags {
  customers: number;
  products?: number;
  seed: number;
  until: string;
  force: boolean;
  replace: boolean;
}

function createProgram(): Command {
  return withLogLevel(new Command("deno task simulate"))
    .description(
      "Simulate a shop whose data has causes, and load it into the source databases\n" +
        "(SHOPFLOW_POSTGRES_URL, SHOPFLOW_MONGODB_URL; embedded ones by default).\n" +
        "Equal parameters give equal bytes; an existing shop is left as it is. Without --until, a shop that was\n" +
        "simulated on an earlier day is simulated again, until yesterday.",
    )
    .option("--customers <number>", "rows of the customers table", boundedNumber("customers"), 5000)
    .option(
      "--products <number>",
      "rows of the products table (default: a twentieth of the customers)",
      boundedNumber("products"),
    )
    .option("--seed <number>", "another seed, another shop", boundedNumber("seed"), 42)
    .option("--until <date>", `last day of the ${HISTORY_MONTHS} months of history, in UTC`, YESTERDAY)
    .option("--force", "simulate again even if the same shop exists", false)
    .option("--replace", "overwrite a shop that the simulator did not make", false)
    .action(async (flags: Flags) => {
      const products = flags.products ?? productsFor(flags.customers);
      const context = { config: loadConfig(), runtime: createRuntime() };
      const until = untilDay(flags.until, context.runtime.now());
      console.log(formatSimulation(await simulateIntoSources(context, { ...flags, products, until })));
    });
}

if (import.meta.main) {
  await runCommand(async () => {
    await createProgram().parseAsync(Deno.args, { from: "user" });
  });
}
