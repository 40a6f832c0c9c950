import { openWriteRecord } from "shopflow/lake/gc/mod.ts";
import {
  type CurrentSnapshot,
  type Lineage,
  type Manifest,
  publishSnapshot,
  readManifest,
  type SnapshotTable,
} from "shopflow/lake/mod.ts";
import { assertIntact, type ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import {
  audit,
  type ControlTotals,
  createControlTotals,
  createPreviousRowCounts,
  type DataTestReport,
} from "./audit.ts";
import { buildModels, type Candidate } from "./models.ts";
import { createQuarantine } from "./quarantine.ts";
import { type Build, createRawViews, type RawInputs } from "./raw_views.ts";
import { mayBeDamage, openSession, type Session } from "../session.ts";
import { LeftOutModels } from "../project/leave_out.ts";
import { publishedModels, type SqlModel, type SqlProject } from "../project/project.ts";
import type { AffectedMonths } from "./partitions.ts";
import { type FilePlace, writeMonthlyFiles, writeTableFile } from "./write.ts";

export interface BuildOptions {
  /** Upper bound of DuckDB's memory; what does not fit is spilled to disk. */
  memoryLimit?: string;
  threads?: number;
  /** Folder for files under way; by default the system's. */
  temporaryFolder?: string;
}

/** A published snapshot and what the data tests said of it. */
export interface BuiltSnapshot {
  manifest: Manifest;
  tests: DataTestReport;
  /** Months that were computed, by source table; undefined when all were. */
  affected: AffectedMonths;
}

/** What a snapshot is built of. */
export interface BuildInputs {
  store: ObjectStore;
  project: SqlProject;
  inputs: RawInputs;
  /** What makes the result: the project's files and the code that runs them. */
  codeVersion: string;
  /** The snapshot that was current when the inputs were chosen, null when there was none. */
  replaces?: CurrentSnapshot | null | undefined;
  /** Snapshot whose months are kept where nothing new touches them; without one everything is built. */
  previous?: Manifest | undefined;
  /** Up to where and when the sources were read, where the extract says it. */
  extracted?: Pick<Lineage, "watermarks" | "sourceTransactionTime"> | undefined;
  /** What the sources counted when these inputs were found to be all of their rows, where the extract says it. */
  controlTotals?: ControlTotals | undefined;
}

/**
 * Builds a project's models from raw files, tests them, and publishes the curated ones as the current
 * snapshot: data files, then manifest, then pointer. The same inputs, project and code give the same files,
 * whether months of a previous snapshot are kept or everything is built; a full build gives the same snapshot id.
 *
 * @throws {DataTestError} when a data test of severity `error` fails; the rows that fail are kept in quarantine.
 * @throws {WarehouseError | SchemaContractError | LakeError} when a model fails, or raw files are missing,
 *   unreadable or of another shape. Whatever is thrown, the previous snapshot stays current.
 */
export async function buildSnapshot(
  content: BuildInputs,
  runtime: Runtime,
  options: BuildOptions = {},
): Promise<BuiltSnapshot> {
  const { store, project, inputs, codeVersion, replaces, previous } = content;
  const { temporaryFolder: dir } = options;
  const workspace = await Deno.makeTempDir({ ...(dir && { dir }), prefix: "warehouse-" });
  try {
    using session = await openSession({ ...options, spillFolder: join(workspace, "spill") });
    const place = { store, folder: workspace, record: openWriteRecord(store) };
    const before = replaces ? previous ?? await readManifest(store, replaces.snapshot) : undefined;
    await createPreviousRowCounts(session, before);
    await createControlTotals(session, content.controlTotals);
    const leftOut = new LeftOutModels(project.models, project.leftOut);
    await createRawViews(session, project.sources, inputs, store, (source, error) => {
      const name = `${source.source}.${source.name}`;
      const readers = project.models.filter(({ sources }) => sources.includes(name));
      if (readers.length === 0) leftOut.leaveFile(name, error);
      for (const reader of readers) leftOut.leave(reader.name, error);
    });
    const build: Build = { session, store, project, inputs, previous };
    const { candidate, tests } = await buildAndTest(build, workspace, leftOut, runtime);
    const tables = await writeTables(
      session,
      leftOut.kept(publishedModels(project)),
      candidate,
      place,
      runtime,
    );
    const dataTests = {
      passed: tests.passed,
      warnings: tests.warnings.map(({ name, failures }) => ({ name, failures })),
    };
    const lineage = { ...candidate.lineage, ...content.extracted };
    const manifest = await publishSnapshot(
      store,
      { codeVersion, inputs, tables, lineage, dataTests, ...leftOutOf(leftOut) },
      runtime.now(),
      { replaces },
    );
    return { manifest, tests, affected: candidate.affected };
  } finally {
    await Deno.remove(workspace, { recursive: true });
  }
}

/** Throws a LakeError that names the raw file, where a model fails because the bytes it reads were damaged. */
async function buildAndTest(
  build: Build,
  folder: string,
  leftOut: LeftOutModels,
  runtime: Runtime,
): Promise<{ candidate: Candidate; tests: DataTestReport }> {
  const { session, store, inputs } = build;
  try {
    const candidate = await buildModels(build, runtime, leftOut);
    const { keep } = createQuarantine(session, { store, folder, now: runtime.now() });
    return { candidate, tests: await audit(build, candidate, { leftOut, runtime, keep }) };
  } catch (cause) {
    const remedy = "Run `deno task pipeline run extract --full-refresh` to copy it again.";
    if (mayBeDamage(cause)) await assertIntact(store, Object.values(inputs).flat(), { remedy, cause });
    throw cause;
  }
}

async function writeTables(
  session: Session,
  models: SqlModel[],
  { monthly }: Candidate,
  place: FilePlace,
  runtime: Runtime,
): Promise<Record<string, SnapshotTable>> {
  const published = models.toSorted((a, b) => a.name < b.name ? -1 : 1);
  const bar = runtime.progress.start("Tables of the snapshot", published.length, "tables");
  const tables: Record<string, SnapshotTable> = {};
  for (const [done, model] of published.entries()) {
    const months = monthly.get(model.name);
    tables[model.name] = months === undefined
      ? await writeTableFile(session, model, place)
      : await writeMonthlyFiles(session, months, place);
    bar.update(done + 1);
  }
  bar.finish(`${published.length} tables`);
  return tables;
}

/** What a manifest says of models left out: nothing where there are none, so that its id is that of the tables alone. */
function leftOutOf(leftOut: LeftOutModels): Pick<Manifest, "leftOut"> {
  const list = leftOut.list();
  return list.length === 0 ? {} : { leftOut: list };
}
