import type { Lineage, Manifest, ObjectStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { modelPhases } from "./model_phases.ts";
import { joinMonths, KEPT, type MonthlyTable, TOUCHED } from "./monthly_tables.ts";
import { narrowSources } from "./narrow_sources.ts";
import { type RawFileFacts, rawFileFacts } from "./raw_file_facts.ts";
import type { RawInputs } from "./raw_views.ts";
import { runModels } from "./run_models.ts";
import { type Session, sqlString } from "./session.ts";
import type { SqlProject } from "./sql_model.ts";
import { type TouchedMonths, touchedMonths } from "./touched_months.ts";

/** The candidate of a snapshot: its tables in the session, those kept by month in parts. */
export interface Candidate {
  monthly: Map<string, MonthlyTable>;
  touched: TouchedMonths;
  lineage: Pick<Lineage, "models"> & RawFileFacts;
}

/**
 * Builds the tables of a project in the session, whose sources are views of all raw files: of tables kept by month
 * only the months that raw files added since the former snapshot touch.
 *
 * @param former Snapshot of the same code to build on; without one everything is built.
 */
export async function buildModels(
  session: Session,
  { store, project, inputs, former }: {
    store: ObjectStore;
    project: SqlProject;
    inputs: RawInputs;
    former: Manifest | undefined;
  },
  runtime: Runtime,
): Promise<Candidate> {
  await session.run(`CREATE SCHEMA ${TOUCHED}; CREATE SCHEMA ${KEPT}`);
  const { first, byMonth, last } = modelPhases(project);
  const facts = await rawFileFacts(session, project.sources, inputs, store, former?.lineage);
  const touched = former &&
    await touchedMonths(session, project.sources, inputs, store, { former, facts });
  if (touched !== undefined) await narrowSources(session, project.sources, { inputs, facts, touched });

  await runModels(session, first, runtime, "SQL models of histories");
  await computing(session, () => runModels(session, byMonth, runtime, "SQL models by month"));
  const monthly = new Map<string, MonthlyTable>();
  for (const model of byMonth.filter(({ doc }) => doc.partition !== undefined)) {
    monthly.set(model.name, await joinMonths(session, model, store, { former, touched }));
  }
  await runModels(session, last, runtime, "SQL models of all months");
  const hashes = project.models.map(({ name, sql }) => [name, sqlHash(sql)] as const);
  return { monthly, touched, lineage: { models: Object.fromEntries(hashes), ...facts } };
}

/** Runs `work` while names of models mean what this run computes, where they are kept by month. */
export async function computing<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.run(`SET search_path = ${sqlString(`${TOUCHED},main`)}`);
  try {
    return await work();
  } finally {
    await session.run("SET search_path = 'main'");
  }
}

const sqlHash = (sql: string) => createHash("sha256").update(sql).digest("hex").slice(0, 16);
