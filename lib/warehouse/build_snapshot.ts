import {
  type Manifest,
  type ObjectStore,
  publishSnapshot,
  refuseDamaged,
  type SnapshotTable,
} from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import { createRawViews, type RawInputs } from "./raw_views.ts";
import { type DataTestReport, runDataTests } from "./run_data_tests.ts";
import { runModels } from "./run_models.ts";
import { mayBeDamage, openSession, type Session } from "./session.ts";
import { publishedModels, type SqlProject } from "./sql_model.ts";
import { writeTableFile } from "./table_files.ts";

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
}

/**
 * Builds a project's models from raw files, tests them, and publishes the curated ones as the current
 * snapshot: data files, then manifest, then pointer. The same inputs, project and code give the same files
 * and the same snapshot id.
 *
 * @param codeVersion What made the result: the project's files and the code that runs them.
 * @param replaces Id of the snapshot that was current when the inputs were chosen, null when there was none.
 * @throws {DataTestError} when a data test of severity `error` fails.
 * @throws {WarehouseError | SchemaContractError | LakeError} when a model fails, or raw files are missing,
 *   unreadable or of another shape. Whatever is thrown, the former snapshot stays current.
 */
export async function buildSnapshot(
  { store, project, inputs, codeVersion, replaces }: {
    store: ObjectStore;
    project: SqlProject;
    inputs: RawInputs;
    codeVersion: string;
    replaces?: string | null;
  },
  runtime: Runtime,
  options: BuildOptions = {},
): Promise<BuiltSnapshot> {
  const workspace = await Deno.makeTempDir({ dir: options.temporaryFolder, prefix: "warehouse-" });
  try {
    using session = await openSession({
      ...options,
      spillFolder: join(workspace, "spill"),
    });
    await createRawViews(session, project.sources, inputs, store);
    const tests = await buildAndTest(session, project, inputs, store, runtime);

    const published = publishedModels(project).toSorted((a, b) => a.name < b.name ? -1 : 1);
    const bar = runtime.progress.start("Tables of the snapshot", published.length, "tables");
    const tables: Record<string, SnapshotTable> = {};
    for (const [done, model] of published.entries()) {
      tables[model.name] = await writeTableFile(session, model, store, workspace);
      bar.update(done + 1);
    }
    const dataTests = {
      passed: tests.passed,
      warnings: tests.warnings.map(({ name, failures }) => ({ name, failures })),
    };
    const content = { codeVersion, inputs, tables, dataTests };
    const manifest = await publishSnapshot(store, content, runtime.now(), { replaces });
    bar.finish(`${published.length} tables, snapshot ${manifest.id}`);
    return { manifest, tests };
  } finally {
    await Deno.remove(workspace, { recursive: true });
  }
}

/** Throws a LakeError that names the raw file, where a model fails because the bytes it reads were damaged. */
async function buildAndTest(
  session: Session,
  project: SqlProject,
  inputs: RawInputs,
  store: ObjectStore,
  runtime: Runtime,
): Promise<DataTestReport> {
  try {
    await runModels(session, project.models, runtime);
    return await runDataTests(session, project.tests, runtime);
  } catch (cause) {
    const remedy = "Run `deno task pipeline run extract --force` to copy it again.";
    if (mayBeDamage(cause)) await refuseDamaged(store, Object.values(inputs).flat(), { remedy, cause });
    throw cause;
  }
}
