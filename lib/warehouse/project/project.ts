import { WarehouseError } from "shopflow/errors/mod.ts";
import type { PartitionDoc, SqlModel } from "./compile.ts";
import type { LeftOut } from "./leave_out.ts";
import type { SourceDoc } from "./reading/schema_yml.ts";
import type { DataTest } from "./tests/data_tests.ts";
import type { UnitTest } from "./tests/unit_tests.ts";

export type { SqlModel } from "./compile.ts";

/** A dbt project, compiled for DuckDB. */
export interface SqlProject {
  name: string;
  /** Hash of the project's files and variables: equal versions compile to equal SQL. */
  version: string;
  sources: SourceDoc[];
  /** Each model after those it reads. */
  models: SqlModel[];
  tests: DataTest[];
  unitTests: UnitTest[];
  /** What files say to people while they are compiled, and what is probably a mistake. */
  warnings: string[];
  /** Models and files that are wrong, or read a model that is, where the required models do without them. */
  leftOut: LeftOut[];
}

/** A model whose table is kept by month. */
export type MonthlyModel = SqlModel & { doc: { partition: PartitionDoc } };

/** The models that are kept by month. */
export const monthlyModels = (models: SqlModel[]): MonthlyModel[] =>
  models.filter((model): model is MonthlyModel => model.doc.partition !== undefined);

/** The models whose tables make up a snapshot. */
export const publishedModels = ({ models }: Pick<SqlProject, "models">): SqlModel[] =>
  models.filter(({ isPublished }) => isPublished);

/**
 * Orders models so that each comes after those it reads; among equals by name.
 *
 * @throws {WarehouseError} when models read each other in a circle.
 */
export function inDependencyOrder<T extends { name: string; refs: string[] }>(models: T[]): T[] {
  const byName = new Map(models.map((model) => [model.name, model]));
  const ordered: T[] = [];
  const done = new Set<string>();
  const visit = (model: T, path: string[]) => {
    if (done.has(model.name)) return;
    if (path.includes(model.name)) {
      throw new CircleError([...path.slice(path.indexOf(model.name)), model.name]);
    }
    for (const name of model.refs.toSorted()) {
      const read = byName.get(name);
      if (read !== undefined) visit(read, [...path, model.name]);
    }
    done.add(model.name);
    ordered.push(model);
  };
  for (const model of models.toSorted((a, b) => a.name < b.name ? -1 : 1)) visit(model, []);
  return ordered;
}

/** Models read each other in a circle; which ones is in `models`. */
export class CircleError extends WarehouseError {
  override name = "WarehouseError";
  constructor(readonly models: string[]) {
    super("SQL models read each other in a circle", {
      found: models.join(" -> "),
      remedy: "Move what both need into a model of its own.",
    });
  }
}
