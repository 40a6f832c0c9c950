import { WarehouseError } from "shopflow/errors/mod.ts";
import { publishedModels, type SqlModel, type SqlProject } from "./sql_model.ts";

/** The models of a project in the three steps of a build, each in the order of dependence. */
export interface ModelPhases {
  /** Read sources that are read whole, e.g. the history of customers. */
  first: SqlModel[];
  /** Read sources that are kept by month, up to the tables that are. A run computes only touched months of them. */
  byMonth: SqlModel[];
  /** Read the tables kept by month, all months of them. */
  last: SqlModel[];
}

/**
 * Divides models by what they may see of the sources in a run that computes only some months.
 *
 * @throws {WarehouseError} when a published model reads rows of single months without being kept by month itself:
 *   it would lose the other months.
 */
export function modelPhases(project: SqlProject): ModelPhases {
  const monthly = new Set(
    project.sources.filter(({ monthOf }) => monthOf !== undefined).map(({ source, table }) =>
      `${source}.${table}`
    ),
  );
  const partitioned = new Set(
    project.models.filter(({ doc }) => doc.partition !== undefined).map(({ name }) => name),
  );
  const byMonth = new Set<string>();
  const last = new Set<string>();
  for (const { name, refs, sources } of project.models) {
    const readsMonths = sources.some((source) => monthly.has(source)) ||
      refs.some((ref) => byMonth.has(ref) && !partitioned.has(ref));
    if (readsMonths || partitioned.has(name)) byMonth.add(name);
    else if (refs.some((ref) => partitioned.has(ref) || last.has(ref))) last.add(name);
  }
  const lost = publishedModels(project).find(({ name }) => byMonth.has(name) && !partitioned.has(name));
  if (lost !== undefined && monthly.size > 0) {
    throw new WarehouseError(`The SQL model ${lost.file} reads rows that a run may see single months of`, {
      expected:
        "a model kept by month itself (`meta: { partition_by: … }`), or one that reads such models only",
      found: `refs to ${lost.refs.join(", ") || lost.sources.join(", ")}`,
    });
  }
  return {
    first: project.models.filter(({ name }) => !byMonth.has(name) && !last.has(name)),
    byMonth: project.models.filter(({ name }) => byMonth.has(name)),
    last: project.models.filter(({ name }) => last.has(name)),
  };
}
