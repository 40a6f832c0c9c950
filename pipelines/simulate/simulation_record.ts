import { type Config, maskUrl } from "shopflow/config/mod.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import { writeAll } from "shopflow/runtime/mod.ts";
import type { BusinessFigures, SimulationParameters } from "shopflow/simulation/mod.ts";
import { dirname, join } from "node:path";

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
  figures: BusinessFigures;
}

/** Where the hidden truth lies. */
export const truthPath = ({ home }: Config): string => join(home, "shop", "truth.csv");

/** The databases that a shop is simulated into, without passwords. */
export const sourcesOf = ({ postgresUrl, ticketsUrl }: Config): string[] => [
  maskUrl(postgresUrl),
  maskUrl(ticketsUrl),
];

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
export async function writeWhole(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
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
