import { LakeError, SchemaContractError, ShopFlowError, WarehouseError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { InputFile, Manifest, TableFile } from "shopflow/lake/mod.ts";
import type { SourceDoc } from "../project/reading/schema_yml.ts";
import { sourceRelationOf } from "../relation.ts";
import type { SqlProject } from "../project/project.ts";
import { rootMessage, type Session, sqlName, sqlString } from "../session.ts";

/** Raw files by source table. */
export type RawInputs = Record<string, InputFile[]>;

/** What a build works with from its first step to its last. */
export interface Build {
  /** In it a relation for each source and model comes to be. */
  session: Session;
  store: ObjectStore;
  project: SqlProject;
  inputs: RawInputs;
  /** Snapshot whose months are kept where nothing new affects them; without one everything is built. */
  previous: Manifest | undefined;
}

/** The raw files of a source table, which {@linkcode createRawViews} requires. */
export const inputsOf = (
  { inputs }: Pick<Build, "inputs">,
  { table }: Pick<SourceDoc, "table">,
): InputFile[] => inputs[table] ?? [];

/**
 * Makes each source table of a project a view of its raw files.
 *
 * @param missing Is given what is wrong with a source table; by default that is thrown.
 * @throws {LakeError} when a table has no raw file, or one cannot be read.
 * @throws {SchemaContractError} when a file lacks a column that the project documents, or has another type.
 */
export async function createRawViews(
  session: Session,
  sources: SourceDoc[],
  inputs: RawInputs,
  store: ObjectStore,
  missing: (source: SourceDoc, error: ShopFlowError) => void = (_, error) => {
    throw error;
  },
): Promise<void> {
  for (const schema of new Set(sources.map((source) => source.schema))) {
    await session.run(`CREATE SCHEMA ${sqlName(schema)}`);
  }
  for (const source of sources) {
    try {
      if (source.external !== undefined) await createExternalView(session, source, source.external);
      else await createView(session, source, requireRawFiles(source, inputs, store.url), store);
      await checkColumns(session, source, inputs[source.table] ?? []);
    } catch (error) {
      if (!(error instanceof ShopFlowError)) throw error;
      missing(source, error);
    }
  }
}

/**
 * The raw files of a source table.
 *
 * @param url Where the lake is, for messages.
 * @throws {LakeError} when it has none.
 */
export function requireRawFiles({ table }: SourceDoc, inputs: RawInputs, url: string): InputFile[] {
  const files = inputs[table];
  if (files !== undefined && files.length > 0) return files;
  throw new LakeError("A raw table is missing from the lake", {
    expected: `a raw file of ${table} in ${url}`,
    found: Object.keys(inputs).join(", ") || "no raw tables",
    remedy: "Run `deno task pipeline run extract`; where it leaves the table out, it says why.",
  });
}

async function createView(
  session: Session,
  source: SourceDoc,
  files: TableFile[],
  store: ObjectStore,
): Promise<void> {
  const paths = await Promise.all(files.map((file) => store.localPath(file.key)));
  const list = paths.map(sqlString).join(", ");
  try {
    await session.run(
      `CREATE VIEW ${sourceRelationOf(source)} AS
       SELECT * FROM read_parquet([${list}], union_by_name = true)`,
    );
  } catch (cause) {
    if (!(cause instanceof WarehouseError)) throw cause;
    throw new LakeError(`A raw file of ${source.table} cannot be read`, {
      expected: "a Parquet file",
      found: `${files.map((file) => file.key).join(", ")} in ${store.url}`,
      remedy: "Run `deno task pipeline run extract --full-refresh` to copy it again.",
      cause,
    });
  }
}

/** A file beside the project, as dbt-duckdb reads it: the ending says what it is. */
async function createExternalView(session: Session, source: SourceDoc, path: string): Promise<void> {
  try {
    await session.run(`CREATE VIEW ${sourceRelationOf(source)} AS SELECT * FROM ${sqlString(path)}`);
  } catch (cause) {
    if (!(cause instanceof WarehouseError)) throw cause;
    throw new WarehouseError(
      `The external_location of the source ${source.source}.${source.name} cannot be read`,
      {
        expected: "a file of Parquet, CSV or JSON beside dbt_project.yml",
        found: `${path}: ${rootMessage(cause)}`,
        cause,
      },
    );
  }
}

async function checkColumns(session: Session, source: SourceDoc, files: TableFile[]): Promise<void> {
  const columns = await session.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE ${sourceRelationOf(source)}`,
  );
  const types = new Map(columns.map((column) => [column.column_name, column.column_type]));
  const wrong = source.columns.filter(({ name, dataType }) =>
    !types.has(name) || (dataType !== undefined && types.get(name) !== dataType)
  );
  if (wrong.length === 0) return;
  throw new SchemaContractError(`The raw table ${source.table} does not have the columns it should`, {
    expected: wrong.map(({ name, dataType }) => `${name} ${dataType ?? ""}`.trim()).join(", "),
    found: wrong.map(({ name }) => types.has(name) ? `${name} ${types.get(name)}` : `no ${name}`).join(", ") +
      ` in ${files.map((file) => file.key).join(", ")}`,
    remedy: "Run `deno task pipeline run extract --full-refresh`, or correct the project's sources.yml.",
  });
}
