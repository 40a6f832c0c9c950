import {
  createDirectoryStore,
  createOverlayStore,
  currentSnapshotId,
  type Manifest,
  readManifest,
} from "shopflow/lake/mod.ts";
import { silentProgress } from "shopflow/runtime/mod.ts";
import { loadSqlProject, type SqlProject } from "shopflow/warehouse/mod.ts";
import type { Pipeline, PipelineContext } from "../context.ts";
import { differenceOf } from "../lake/difference.ts";
import type { Difference } from "../lake/difference_text.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";
import { transform, WAREHOUSE_PROJECT } from "../transform.ts";

/** What the next transform would do. */
export interface Plan {
  /** Id of the current snapshot; absent in a lake without one. */
  current?: string;
  /** Source tables with other raw files than the current snapshot was made from. */
  changedInputs: string[];
  codeChanged: boolean;
  /** What transform says of itself. */
  summary: string;
  tables: Difference[];
}

/**
 * Runs transform on a copy-on-write view of the lake, tests included, and compares the result with the current
 * snapshot. The lake itself is not written to.
 *
 * @throws whatever transform would throw, e.g. a {DataTestError} when a data test would stop the publish.
 */
export async function planTransform(context: PipelineContext, run: Pipeline = transform): Promise<Plan> {
  return await withTemporaryFolder(context.config.home, async (folder) => {
    const store = createOverlayStore(context.store, createDirectoryStore(folder));
    const runtime = { ...context.runtime, progress: silentProgress };
    const current = await currentSnapshotId(store);
    const { summary } = await run({ ...context, store, runtime });
    const before = current === undefined ? undefined : await readManifest(store, current);
    const after = await readManifest(store);
    const project: SqlProject = await loadSqlProject(WAREHOUSE_PROJECT);
    return {
      ...(current && { current }),
      changedInputs: changedInputs(before, after),
      codeChanged: before !== undefined && before.codeVersion !== after.codeVersion,
      summary,
      tables: await differenceOf(store, [before ?? { ...after, tables: {} }, after], project),
    };
  });
}

function changedInputs(before: Manifest | undefined, after: Manifest): string[] {
  return Object.keys(after.inputs).filter((table) =>
    JSON.stringify(before?.inputs[table]) !== JSON.stringify(after.inputs[table])
  ).sort();
}
