import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { LakeError, WarehouseError } from "shopflow/errors/mod.ts";
import { createRawViews, type RawInputs, requireRawFiles } from "../build/raw_views.ts";
import type { SourceDoc } from "../project/reading/schema_yml.ts";
import { openSession, sqlString } from "../session.ts";

/**
 * Writes a DuckDB file in which a project's source tables are views of raw files, so that dbt-duckdb can build the
 * project from what our own runner builds it from. The files must stay where they are.
 *
 * @throws {WarehouseError} when the file exists already.
 * @throws {LakeError | SchemaContractError} when raw files are missing, unreadable or of another shape.
 */
export async function writeRawDatabase(
  path: string,
  sources: SourceDoc[],
  inputs: RawInputs,
  store: ObjectStore,
): Promise<void> {
  try {
    await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    using session = await openSession();
    await session.run(`ATTACH ${sqlString(path)} AS raw_database`);
    await session.run("USE raw_database");
    await createRawViews(session, sources, inputs, store);
    await session.run("USE memory");
    return await session.run("DETACH raw_database");
  }
  throw new WarehouseError("The file already exists", {
    expected: "the path of a new DuckDB file",
    found: path,
    remedy: "Delete it, or give another path.",
  });
}

/** How an engine says that a table is the Parquet files of a folder. */
interface Dialect {
  /** Types by DuckDB's name; those that are left out have the same name. */
  types: Record<string, string>;
  quote: (name: string) => string;
  /** URL of the lake as the engine wants it, or undefined when it cannot read from there. */
  location: (url: string) => string | undefined;
  schema: (name: string) => string;
  dropTable: (table: string) => string;
  createTable: (table: string, columns: string, folder: string) => string;
  /** Condition that a row comes from one of the files of a folder. */
  fromFiles: (folder: string, names: string[]) => string;
}

const list = (texts: string[]) => texts.map((text) => `  ${sqlString(text)}`).join(",\n");
const backticks = (name: string) => `\`${name}\``;
const onS3 = (url: string) => url.startsWith("s3://");
const paths = (folder: string, names: string[]) =>
  `"$path" in (\n${list(names.map((name) => `${folder}/${name}`))}\n)`;

const DIALECTS = {
  spark: {
    types: { VARCHAR: "string", INTEGER: "int", TIMESTAMP: "timestamp_ntz" },
    quote: backticks,
    location: (url) => onS3(url) ? url.replace("s3:", "s3a:") : url,
    schema: (name) => `create database if not exists ${name}`,
    dropTable: (table) => `drop table if exists ${table}`,
    createTable: (table, columns, folder) =>
      `create table ${table} (\n${columns}\n) using parquet location ${sqlString(folder)}`,
    fromFiles: (_folder, names) => `_metadata.file_name in (\n${list(names)}\n)`,
  },
  trino: {
    types: {},
    quote: (name) => `"${name}"`,
    location: (url) => onS3(url) ? url : undefined,
    schema: (name) => `create schema if not exists ${name}`,
    dropTable: (table) => `drop table if exists ${table}`,
    createTable: (table, columns, folder) =>
      `create table ${table} (\n${columns}\n) with (format = 'PARQUET', external_location = ${
        sqlString(folder)
      })`,
    fromFiles: paths,
  },
  athena: {
    types: { VARCHAR: "string", INTEGER: "int" },
    quote: backticks,
    location: (url) => onS3(url) ? url : undefined,
    schema: (name) => `create database if not exists ${name}`,
    dropTable: (table) => `drop table if exists ${table}`,
    createTable: (table, columns, folder) =>
      `create external table ${table} (\n${columns}\n) stored as parquet location ${sqlString(`${folder}/`)}`,
    fromFiles: paths,
  },
} satisfies Record<string, Dialect>;

/** An engine beside DuckDB that dbt can build the project on. */
export type ScaleOutEngine = keyof typeof DIALECTS;

/** Their names. */
export const SCALE_OUT_ENGINES = Object.keys(DIALECTS) as ScaleOutEngine[];

/** Schema of the tables that are all files of a folder, of which the source tables show the files that count. */
const FOLDERS = "raw_files";

/**
 * SQL statements, each ending with `;`, that make a project's source tables known to another engine: a table of the
 * folder of each, and a view of those of its files that the lake lists. Running them again after an extract brings
 * the views up to date; nothing is copied.
 *
 * @param url Where the lake is: `s3://bucket/prefix` or an absolute path.
 * @throws {LakeError} when a table has no raw file.
 * @throws {WarehouseError} when the engine cannot read from `url`.
 */
export function rawTableSql(
  engine: ScaleOutEngine,
  sources: SourceDoc[],
  inputs: RawInputs,
  url: string,
): string {
  const dialect: Dialect = DIALECTS[engine];
  const location = dialect.location(url);
  if (location === undefined) {
    throw new WarehouseError(`${engine} cannot read this lake`, {
      expected: "SHOPFLOW_LAKE=s3://bucket/prefix",
      found: url,
      remedy: "Move the lake to S3, see documentation/how_to/run_on_s3.md.",
    });
  }
  const schemas = [FOLDERS, ...new Set(sources.map(({ schema }) => schema))].map(dialect.schema);
  const tables = sources.flatMap((source) => {
    const files = requireRawFiles(source, inputs, url);
    return sourceStatements(source, files.map(({ key }) => key), location, dialect);
  });
  return [...schemas, ...tables].map((statement) => `${statement};\n`).join("\n");
}

function sourceStatements(
  { schema, table, columns }: SourceDoc,
  keys: string[],
  location: string,
  dialect: Dialect,
): string[] {
  const folder = `raw/${table}`;
  const names = keys.map((key) => {
    if (key.startsWith(`${folder}/`)) return key.slice(folder.length + 1);
    throw new LakeError(`A raw file of ${table} is not in its folder`, {
      expected: `${folder}/…`,
      found: key,
    });
  });
  const types = columns.map(({ name, dataType = "VARCHAR" }) =>
    `  ${dialect.quote(name)} ${(dialect.types[dataType] ?? dataType).toLowerCase()}`
  );
  const all = `${FOLDERS}.${table}`;
  return [
    dialect.dropTable(all),
    dialect.createTable(all, types.join(",\n"), `${location}/${folder}`),
    `create or replace view ${schema}.${table} as\nselect ${columns.map(({ name }) => name).join(", ")}\n` +
    `from ${all}\nwhere ${dialect.fromFiles(`${location}/${folder}`, names)}`,
  ];
}
