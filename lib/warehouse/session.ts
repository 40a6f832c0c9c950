import {
  type DuckDBDecimalValue,
  DuckDBInstance,
  type DuckDBListValue,
  type DuckDBStructValue,
  DuckDBTypeId,
  type DuckDBValue,
  type DuckDBValueConverter,
} from "@duckdb/node-api";
import { diskFullError, isDiskFull, WarehouseError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { TableFile } from "shopflow/lake/mod.ts";

/** A value of a result: numbers for every numeric type, text for dates and times. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };
export type Row = Record<string, Value>;

/**
 * Turns DuckDB's values into plain ones: BIGINT and DECIMAL become numbers (exact up to 2^53), DATE
 * `YYYY-MM-DD`, TIMESTAMP `YYYY-MM-DD HH:MM:SS[.ffffff]`.
 */
const toPlainValue: DuckDBValueConverter<Value> = (value, type, convert) => {
  if (value === null || value === undefined) return null;
  switch (type.typeId) {
    case DuckDBTypeId.DECIMAL:
      return (value as DuckDBDecimalValue).toDouble();
    case DuckDBTypeId.LIST: {
      const { valueType } = type as typeof type & { valueType: typeof type };
      return (value as DuckDBListValue).items.map((item) => convert(item, valueType, convert));
    }
    case DuckDBTypeId.STRUCT: {
      const { entryNames, entryTypes } = type as typeof type & {
        entryNames: string[];
        entryTypes: (typeof type)[];
      };
      const { entries } = value as DuckDBStructValue;
      return Object.fromEntries(
        entryNames.map((name, i) => [name, convert(entries[name]!, entryTypes[i]!, convert)]),
      );
    }
  }
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "object") return value.toString();
  return value;
};

export interface SessionOptions {
  /** Upper bound of DuckDB's memory, e.g. `"2GiB"`. */
  memoryLimit?: string;
  threads?: number;
  /** Folder for what does not fit into memory; without one such work fails. */
  spillFolder?: string;
}

/** An in-process DuckDB connection. */
export interface Session {
  /** Runs statements for their effect. */
  run(sql: string): Promise<void>;
  /** Runs a query with `$1`, `$2`, … bound to `parameters`; one object a row. */
  rows<T = Row>(sql: string, parameters?: (string | number | boolean | null)[]): Promise<T[]>;
  /** Runs a query; one array a column, which is what `arquero.table()` takes. */
  columns(sql: string): Promise<Record<string, Value[]>>;
  /** Another connection to the same database, for work side by side. It must be closed before this one is. */
  beside(): Promise<Session & Disposable>;
  close(): void;
}

/**
 * Opens an in-memory DuckDB; times are TIMESTAMP in UTC (the ICU extension is not there). Call `close()` (or declare it
 * with `using`) when done.
 */
export async function openSession(options: SessionOptions = {}): Promise<Session & Disposable> {
  const instance = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    // DuckDB's default is a folder `.tmp` in the working directory.
    temp_directory: options.spillFolder ?? "",
    ...(options.memoryLimit && { memory_limit: options.memoryLimit }),
    ...(options.threads && { threads: String(options.threads) }),
  });
  return await connect(instance, () => instance.closeSync());
}

async function connect(instance: DuckDBInstance, afterwards: () => void): Promise<Session & Disposable> {
  const connection = await instance.connect();
  const close = () => {
    connection.closeSync();
    afterwards();
  };
  return {
    run: (sql) => explained(sql, async () => void await connection.run(sql)),
    rows: <T>(sql: string, parameters?: (string | number | boolean | null)[]) =>
      explained(sql, async () => {
        const reader = await connection.runAndReadAll(sql, parameters as DuckDBValue[]);
        return reader.convertRowObjects(toPlainValue) as T[];
      }),
    columns: (sql) =>
      explained(sql, async () => {
        const reader = await connection.runAndReadAll(sql);
        return reader.convertColumnsObject(toPlainValue);
      }),
    beside: () => connect(instance, () => {}),
    close,
    [Symbol.dispose]: close,
  };
}

/** A string as a SQL literal. */
export function sqlString(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as a quoted SQL identifier. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Whether a query may have failed because of the bytes it read: a mistake in its SQL is found before that. */
export function mayBeDamage(error: unknown): boolean {
  if (!(error instanceof WarehouseError)) return false;
  let root: Error = error;
  while (root.cause instanceof Error) root = root.cause;
  return !/^(Parser|Binder|Catalog) Error/.test(root.message);
}

async function explained<T>(sql: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    // Not an error of the statement, nor of the files that it reads.
    if (isDiskFull(cause)) throw await diskFullError("write what DuckDB makes", cause);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WarehouseError(`DuckDB refused a statement: ${reason}\nin: ${sql.slice(0, 2000)}`, { cause });
  }
}

/** SQL that reads Parquet files of the store. */
export async function parquet(files: TableFile[], store: ObjectStore): Promise<string> {
  const paths = await Promise.all(files.map((file) => store.localPath(file.key)));
  return `read_parquet([${paths.map(sqlString).join(", ")}], union_by_name = true)`;
}
