import { createHash } from "node:crypto";
import { type SimulatedShop, simulateShop } from "shopflow/simulation/mod.ts";
import type { TicketDocument } from "../../../lib/simulation/tables/ticket_documents.ts";
import { SOURCE_TABLES } from "shopflow/sources/mod.ts";

export type Row = Record<string, string>;

/** A shop large enough for its rates to show, made once for all tests of a file. */
export interface Rows {
  shop: SimulatedShop;
  customers: Row[];
  products: Row[];
  orders: Row[];
  events: Row[];
  inventory: Row[];
  tickets: TicketDocument[];
  truth: Row[];
}

export const PARAMETERS = { customers: 4000, products: 200, seed: 7, until: "2024-12-31" };

/** What a reader of the simulator's output sees: every row with its columns by name. */
export function simulatedRows(): Rows {
  const shop = simulateShop(PARAMETERS);
  const table = (name: string) => {
    const columns = SOURCE_TABLES.find((source) => source.name === name)!.columns.map((column) =>
      column.name
    );
    return parse(shop.tables.find((simulated) => simulated.table === name)!.csv, columns);
  };
  const [header, ...truth] = [...lines(shop.truth)];
  return {
    shop,
    customers: table("customers"),
    products: table("products"),
    orders: table("orders"),
    events: table("events"),
    inventory: table("inventory"),
    tickets: [...shop.tickets.documents],
    truth: truth.map((line) => toRow(line, header!.split(","))),
  };
}

/** A hash of everything that a shop consists of. */
export function fingerprint({ tables, tickets, truth }: SimulatedShop): string {
  const hash = createHash("sha256");
  for (const { table, csv } of tables) {
    hash.update(table);
    for (const chunk of csv) hash.update(chunk);
  }
  for (const ticket of tickets.documents) hash.update(JSON.stringify(ticket));
  for (const chunk of truth) hash.update(chunk);
  return hash.digest("hex");
}

export function countBy<T>(things: Iterable<T>, key: (thing: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(key(thing), (counts.get(key(thing)) ?? 0) + 1);
  return counts;
}

export const share = <T>(things: T[], is: (thing: T) => boolean): number =>
  things.filter(is).length / things.length;

function parse(csv: Iterable<Uint8Array>, columns: string[]): Row[] {
  return Array.from(lines(csv), (line) => toRow(line, columns));
}

function* lines(csv: Iterable<Uint8Array>): Generator<string> {
  for (const chunk of csv) yield* new TextDecoder().decode(chunk).trimEnd().split("\n");
}

function toRow(line: string, columns: string[]): Row {
  const values = line.split(",");
  if (values.length !== columns.length) {
    throw new Error(`expected ${columns.length} columns (${columns.join(", ")}), found: ${line}`);
  }
  return Object.fromEntries(columns.map((column, i) => [column, values[i]!]));
}
