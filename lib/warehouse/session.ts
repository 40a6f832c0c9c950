import {
  type DuckDBDecimalValue,
  DuckDBDoubleVector,
  DuckDBInstance,
  type DuckDBListValue,
  type DuckDBResult,
  type DuckDBStructValue,
  DuckDBTypeId,
  type DuckDBValue,
  type DuckDBValueConverter,
  DuckDBVarCharVector,
  StatementType,
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
        entryTypes.map((type, i) => {
          const name = entryNames[i] ?? "";
          return [name, convert(entries[name] ?? null, type, convert)];
        }),
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

/** Turns DuckDB's values into text without loss, e.g. `12.50` of a DECIMAL. */
const toText: DuckDBValueConverter<string> = (value) =>
  value === null || value === undefined ? null : String(value);

/** A column of a result. */
export interface ResultColumn {
  name: string;
  isNumeric: boolean;
}

/** The result of a query, whose rows are computed as they are read: once, in one of the two forms. */
export interface ResultStream {
  columns: ResultColumn[];
  /** Rows in batches, their cells as plain values. */
  values(): AsyncIterable<Value[][]>;
  /** Rows in batches, their cells as text without loss. */
  text(): AsyncIterable<(string | null)[][]>;
}

/** Rows of numbers with the text that identifies each. */
export interface FloatRows {
  keys: string[];
  /** Of the columns beside that of the keys. */
  names: string[];
  /** keys.length × names.length values. */
  values: Float32Array;
}

/** An in-process DuckDB connection. */
export interface Session {
  /** Runs statements for their effect. */
  run(sql: string): Promise<void>;
  /** Runs a query with `$1`, `$2`, … bound to `parameters`; one object a row. */
  rows<T = Row>(sql: string, parameters?: (string | number | boolean | null)[]): Promise<T[]>;
  /** Runs a query; one array a column, which is what `arquero.table()` takes. */
  columns(sql: string): Promise<Record<string, Value[]>>;
  /**
   * Runs a query whose first column is text and whose others are DOUBLE, for models: their values row by row in single
   * precision, NaN for NULL. Several times as fast as {@linkcode columns}, which makes an object of each value.
   *
   * @throws {WarehouseError} when a column has another type, or a value is not finite.
   */
  floats(sql: string): Promise<FloatRows>;
  /** Runs a query whose result may be too large for memory. */
  stream(sql: string): Promise<ResultStream>;
  /** How many statements a text has, and the kind of the first, e.g. `SELECT`; nothing is run. */
  inspect(sql: string): Promise<{ count: number; kind: string }>;
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
    floats: (sql) => explained(sql, async () => await floatRows(await connection.run(sql))),
    stream: (sql) =>
      explained(sql, async () => {
        const result = await connection.stream(sql);
        return {
          columns: columnsOf(result),
          values: () => explainedBatches(sql, result.yieldConvertedRows(toPlainValue)),
          text: () => explainedBatches(sql, result.yieldConvertedRows(toText)),
        };
      }),
    inspect: (sql) =>
      explained(sql, async () => {
        const statements = await connection.extractStatements(sql);
        if (statements.count !== 1) return { count: statements.count, kind: "" };
        const { statementType } = await statements.prepare(0);
        return { count: 1, kind: StatementType[statementType] };
      }),
    beside: () => connect(instance, () => {}),
    close,
    [Symbol.dispose]: close,
  };
}

async function floatRows(result: DuckDBResult): Promise<FloatRows> {
  const [, ...names] = result.deduplicatedColumnNames();
  const width = names.length;
  const chunks: Float32Array[] = [];
  const keys: string[] = [];
  for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk()) {
    const { rowCount } = chunk;
    const values = new Float32Array(rowCount * width);
    const ids = chunk.getColumnVector(0);
    if (!(ids instanceof DuckDBVarCharVector)) throw new Error("the first column is not text");
    for (let row = 0; row < rowCount; row++) keys.push(ids.getItem(row) ?? "");
    for (const [j, name] of names.entries()) {
      const column = chunk.getColumnVector(j + 1);
      if (!(column instanceof DuckDBDoubleVector)) throw new Error(`the column ${name} is not DOUBLE`);
      for (let row = 0, at = j; row < rowCount; row++, at += width) {
        const value = column.getItem(row);
        if (value !== null && !Number.isFinite(value)) {
          throw new Error(`the column ${name} has the value ${value}, which is no number`);
        }
        values[at] = value ?? NaN;
      }
    }
    chunks.push(values);
  }
  const values = new Float32Array(keys.length * width);
  let offset = 0;
  for (const chunk of chunks) {
    values.set(chunk, offset);
    offset += chunk.length;
  }
  return { keys, names, values };
}

const NUMERIC = new Set([
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
]);

function columnsOf(result: DuckDBResult): ResultColumn[] {
  return result.deduplicatedColumnNames().map((name, i) => ({
    name,
    isNumeric: NUMERIC.has(result.columnTypeId(i)),
  }));
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
  return error instanceof WarehouseError && !/^(Parser|Binder|Catalog) Error/.test(rootMessage(error));
}

/** What DuckDB said, of an error that explains it. */
export function rootMessage(error: Error): string {
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
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

/** As {@linkcode explained}, for a statement that may also fail while its rows are read. */
async function* explainedBatches<T>(sql: string, batches: AsyncIterableIterator<(T | null)[][]>) {
  for (;;) {
    const { done, value } = await explained(sql, () => batches.next());
    if (done) return;
    yield value;
  }
}

/** SQL that reads Parquet files of the store. */
export async function parquet(files: TableFile[], store: ObjectStore): Promise<string> {
  const paths = await Promise.all(files.map((file) => store.localPath(file.key)));
  return `read_parquet([${paths.map(sqlString).join(", ")}], union_by_name = true)`;
}
