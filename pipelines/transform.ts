import {
  currentSnapshotId,
  type Manifest,
  type ObjectStore,
  readManifest,
  readRawExtract,
  withdrawnSnapshots,
} from "shopflow/lake/mod.ts";
import { codeVersion } from "shopflow/runtime/mod.ts";
import { type BuildOptions, buildSnapshot, loadSqlProject, type RawInputs } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import type { Pipeline } from "./context.ts";
import { withTemporaryFolder } from "./temporary_folder.ts";

/** The dbt project of the star schema. */
export const WAREHOUSE_PROJECT = join(import.meta.dirname!, "warehouse");
/** Code that the result depends on beside the project. */
const RUNNER = join(import.meta.dirname!, "..", "lib", "warehouse");

export interface TransformOptions extends BuildOptions {
  /** Folder of the dbt project. */
  folder?: string;
}

/** Makes the pipeline that builds the star schema, with bounds on memory and threads. */
export function createTransform({ folder = WAREHOUSE_PROJECT, ...build }: TransformOptions = {}): Pipeline {
  return async ({ config, store, runtime, force }) => {
    // Read before the inputs: whoever publishes after this moment may have newer ones.
    const current = await currentSnapshotId(store);
    const { tables } = await readRawExtract(store);
    const inputs = Object.fromEntries(Object.entries(tables).map(([name, file]) => [name, [file]]));
    const project = await loadSqlProject(folder);
    const code = `${project.version}-${await codeVersion([RUNNER])}`;
    if (!force && current !== undefined) {
      const manifest = await readManifest(store, current);
      if (await isUpToDate(store, manifest, inputs, code)) {
        return { status: "unchanged", summary: `snapshot ${current} is of the same raw data and models` };
      }
      const withdrawn = await withdrawnTwin(store, inputs, code);
      if (withdrawn !== undefined) {
        const summary =
          `the lake stays at snapshot ${current}: raw data and models are those of ${withdrawn}, ` +
          "which was rolled back. Run transform with --force to publish it all the same";
        runtime.log.warn(summary);
        return { status: "unchanged", summary };
      }
    }
    const content = { store, project, inputs, codeVersion: code, replaces: current ?? null };
    const built = await withTemporaryFolder(
      config.home,
      (temporaryFolder) =>
        buildSnapshot(content, runtime, { memoryLimit: "1GiB", temporaryFolder, ...build }),
    );
    const { id, tables: published } = built.manifest;
    const rows = Object.values(published).reduce((sum, table) => sum + table.rows, 0);
    const { passed, warnings } = built.tests;
    return {
      status: "done",
      summary: `snapshot ${id}: ${Object.keys(published).length} tables, ${rows} rows, ` +
        `${passed} data tests passed, ${warnings.length} warnings`,
    };
  };
}

/** Builds the star schema from the last extract and publishes it as the current snapshot. */
export const transform: Pipeline = createTransform();

/** A snapshot of these inputs and this code that a rollback took back, which a scheduled run must not undo. */
async function withdrawnTwin(
  store: ObjectStore,
  inputs: RawInputs,
  code: string,
): Promise<string | undefined> {
  for (const id of await withdrawnSnapshots(store)) {
    if (await isUpToDate(store, await readManifest(store, id), inputs, code)) return id;
  }
}

/** Whether a snapshot was made of these inputs by this code, and all its files are there. */
async function isUpToDate(
  store: ObjectStore,
  manifest: Manifest,
  inputs: RawInputs,
  code: string,
): Promise<boolean> {
  if (manifest.codeVersion !== code) return false;
  if (JSON.stringify(manifest.inputs) !== JSON.stringify(inputs)) return false;
  const files = Object.values(manifest.tables).flatMap((table) => table.files);
  const found = await Promise.all(files.map((file) => store.stat(file.key)));
  return found.every((stat) => stat !== undefined);
}
