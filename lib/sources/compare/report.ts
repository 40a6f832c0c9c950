import type { Violation } from "../postgres/shop_tables.ts";
import type { QuarantinedRow } from "../source.ts";
import type { Suggestion } from "./suggestions.ts";

/** How a column of ours is read from the shop. */
export interface ColumnReport {
  column: string;
  agreed: string;
  /** `same`, `converted`, `missing` (the lake gets NULL), or `wrong` (the table cannot be read). */
  status: "same" | "converted" | "missing" | "wrong";
  /** The shop's column, and its type where it has one. */
  source?: string;
  type?: string;
  /** What is converted, or what is wrong. */
  note?: string;
}

/** How a table of ours is read from the shop. */
export interface TableReport {
  table: string;
  /** `fits`, `converted` (some columns are), `absent` (reports do without), or `wrong` (it cannot be extracted). */
  status: "fits" | "converted" | "absent" | "wrong";
  /** Where the rows come from. */
  place?: string;
  /** Rows that an extract reads; unknown of a table that cannot be read, and of more tickets than a check looks at. */
  rows?: number;
  columns: ColumnReport[];
  /** Columns that ShopFlow does not read. */
  unread: string[];
  problems: Violation[];
  /** Rows with a wrong value, which an extract leaves out up to the limit. */
  quarantined: { rows: number; examples: QuarantinedRow[] };
  /** Why a table is absent, or what to know of it. */
  notes: string[];
  /** What to copy into a mapping, or to run in the database; for tables that lack something. */
  suggestion?: Partial<Suggestion>;
}

/** What a check of the sources found. */
export interface SourcesReport {
  /** Whether an extract could read every table that the shop has. */
  isReadable: boolean;
  postgres: string;
  tickets: string;
  /** Sources that cannot be read at all, and why. */
  errors: string[];
  warnings: string[];
  /** Tables and views of the shop's database that the user may read, as `schema.name`. */
  relations: string[];
  tables: TableReport[];
}
