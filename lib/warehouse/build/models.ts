import { WarehouseError } from "shopflow/errors/mod.ts";
import { monthlyModels, publishedModels, type SqlModel, type SqlProject } from "../project/project.ts";
import { formatDuration, type Runtime } from "shopflow/runtime/mod.ts";
import { relationOf } from "../relation.ts";
import { type Session, sqlString } from "../session.ts";
import { LeftOutModels } from "../project/leave_out.ts";
import type { Lineage } from "shopflow/lake/mod.ts";
import { createHash } from "node:crypto";
import {
  type AffectedMonths,
  affectedMonths,
  mergePartitions,
  type MonthlyTable,
  pruneSources,
  RECOMPUTED,
  REUSED,
} from "./partitions.ts";
import { type RawFileStats, rawFileStats } from "./prune.ts";
import type { Build } from "./raw_views.ts";

/** The models of a project in the three steps of a build, each in the order of dependence. */
interface ModelPhases {
  /** Read sources that are read whole, e.g. the history of customers. */
  first: SqlModel[];
  /** Read sources that are kept by month, up to the tables that are. A run computes only affected months of them. */
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
function modelPhases(project: SqlProject, leftOut: LeftOutModels): ModelPhases {
  const monthly = new Set(
    project.sources.filter(({ monthOf }) => monthOf !== undefined).map(({ source, name }) =>
      `${source}.${name}`
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
  for (const lost of monthly.size === 0 ? [] : publishedModels(project)) {
    if (!byMonth.has(lost.name) || partitioned.has(lost.name)) continue;
    const error = new WarehouseError(
      `The SQL model ${lost.file} reads tables of which a run may see only single months`,
      {
        expected:
          "a model kept by month itself (`meta: { partition_by: … }`), or one that reads such models only",
        found: `refs to ${lost.refs.join(", ") || lost.sources.join(", ")}`,
        remedy: "Read the published tables, e.g. fact_orders, or set `meta: { published: false }`.",
      },
    );
    leftOut.leave(lost.name, error);
  }
  return {
    first: project.models.filter(({ name }) => !byMonth.has(name) && !last.has(name)),
    byMonth: project.models.filter(({ name }) => byMonth.has(name)),
    last: project.models.filter(({ name }) => last.has(name)),
  };
}

/**
 * Builds the views and tables of models, in the order given.
 *
 * @param leftOut Models to go on without; one that fails joins them, unless it is required.
 * @throws {WarehouseError} that names the model's file when its SQL fails or its columns break its contract.
 */
export async function runModels(
  session: Session,
  models: SqlModel[],
  runtime: Runtime,
  title = "SQL models",
  leftOut: LeftOutModels = new LeftOutModels(models),
): Promise<void> {
  if (models.length === 0) return;
  const bar = runtime.progress.start(title, models.length, "models");
  for (const [done, model] of models.entries()) {
    const started = performance.now();
    if (!leftOut.has(model.name)) await buildOrLeave(session, model, leftOut);
    runtime.log.debug(`SQL model ${model.name}: ${formatDuration(performance.now() - started)}`);
    bar.update(done + 1);
  }
  bar.finish(`${models.length} models`);
}

async function buildOrLeave(session: Session, model: SqlModel, leftOut: LeftOutModels): Promise<void> {
  try {
    await createRelation(session, model);
    await checkContract(session, model);
  } catch (error) {
    if (!(error instanceof WarehouseError)) throw error;
    leftOut.leave(model.name, error);
  }
}

async function createRelation(session: Session, model: SqlModel): Promise<void> {
  try {
    // What is wrong with a view shows when it is read: too late to go on without it.
    const kind = model.isPublished && !model.isRequired ? "table" : model.materialized;
    await session.run(`CREATE ${kind} ${relationOf(model.name)} AS\n${model.sql}`);
  } catch (cause) {
    if (!(cause instanceof WarehouseError)) throw cause;
    const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
    throw new WarehouseError(`The SQL model ${model.file} failed: ${reason}`, { cause });
  }
}

/** A model with a contract has exactly the columns and types that its schema file documents. */
async function checkContract(session: Session, { name, file, doc }: SqlModel): Promise<void> {
  if (!doc.contract) return;
  const columns = await session.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE ${relationOf(name)}`,
  );
  const built = columns.map((column) => `${column.column_name} ${column.column_type}`);
  const promised = doc.columns.map((column) => `${column.name} ${column.dataType ?? ""}`.trim());
  const missing = promised.filter((column) => !built.includes(column));
  const extra = built.filter((column) => !promised.includes(column));
  if (missing.length === 0 && extra.length === 0) return;
  throw new WarehouseError(`The SQL model ${file} breaks its contract in ${doc.file}`, {
    expected: missing.join(", ") || "no further columns",
    found: extra.join(", ") || "no such columns",
    remedy: "Correct the model, or the columns beneath its name in that file.",
  });
}

/** The candidate of a snapshot: its tables in the session, those kept by month in parts. */
export interface Candidate {
  monthly: Map<string, MonthlyTable>;
  affected: AffectedMonths;
  lineage: Pick<Lineage, "models"> & RawFileStats;
}

/**
 * Builds the tables of a project in the session, whose sources are views of all raw files: of tables kept by month
 * only the months that raw files added since the previous snapshot affect.
 */
export async function buildModels(
  build: Build,
  runtime: Runtime,
  leftOut: LeftOutModels = new LeftOutModels(build.project.models),
): Promise<Candidate> {
  const { session, project } = build;
  await session.run(`CREATE SCHEMA ${RECOMPUTED}; CREATE SCHEMA ${REUSED}`);
  const { first, byMonth, last } = modelPhases(project, leftOut);
  const stats = await rawFileStats(build);
  const affected = await affectedMonths(build, stats);
  if (affected !== undefined) await pruneSources(build, { stats, affected });

  await runModels(session, first, runtime, "SQL models of histories", leftOut);
  await computing(session, () => runModels(session, byMonth, runtime, "SQL models by month", leftOut));
  const monthly = new Map<string, MonthlyTable>();
  for (const model of monthlyModels(leftOut.kept(byMonth))) {
    monthly.set(model.name, await mergePartitions(build, model, affected));
  }
  await runModels(session, last, runtime, "SQL models of all months", leftOut);
  const hashes = project.models.map(({ name, sql }) => [name, sqlHash(sql)] as const);
  return { monthly, affected, lineage: { models: Object.fromEntries(hashes), ...stats } };
}

/** Runs `work` while names of models mean what this run computes, where they are kept by month. */
export async function computing<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.run(`SET search_path = ${sqlString(`${RECOMPUTED},main`)}`);
  try {
    return await work();
  } finally {
    await session.run("SET search_path = 'main'");
  }
}

const sqlHash = (sql: string) => createHash("sha256").update(sql).digest("hex").slice(0, 16);
