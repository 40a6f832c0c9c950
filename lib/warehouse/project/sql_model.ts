import type { DataTest } from "./data_tests.ts";
import type { Materialization } from "./files.ts";
import type { ModelDoc, SourceDoc } from "./schema_yml.ts";

/** A SQL model, compiled: one SELECT that becomes a view or table. */
export interface SqlModel {
  name: string;
  /** Path inside the project. */
  file: string;
  /** First folder beneath the models: staging, curated, … */
  layer: string;
  materialized: Materialization;
  sql: string;
  /** Names of the models it reads. */
  refs: string[];
  /** Source tables it reads, as `source.table`. */
  sources: string[];
  doc: ModelDoc;
}

/** A dbt project, compiled for DuckDB. */
export interface SqlProject {
  name: string;
  /** Hash of the project's files and variables: equal versions compile to equal SQL. */
  version: string;
  sources: SourceDoc[];
  /** Each model after those it reads. */
  models: SqlModel[];
  tests: DataTest[];
}

/** Models of this layer are published; the others are steps on the way. */
const PUBLISHED_LAYER = "curated";

/** The models whose tables make up a snapshot. */
export function publishedModels(project: SqlProject): SqlModel[] {
  return project.models.filter((model) => model.layer === PUBLISHED_LAYER);
}
