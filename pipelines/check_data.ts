import { PipelineError } from "shopflow/errors/mod.ts";
import { encodeJson, readJson } from "shopflow/lake/mod.ts";
import { failureText, loadSqlProject, openSnapshot, testSnapshot } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { blockedPublishes } from "./check_data/blocked_publishes.ts";
import { freshness } from "./check_data/freshness.ts";
import type { Pipeline } from "./context.ts";
import { withTemporaryFolder } from "./temporary_folder.ts";
import { PROJECT_RELATIONS, WAREHOUSE_PROJECT } from "./transform.ts";

/** What the last check found. */
const LAST_CHECK = "runs/check-data/last.json";

/** What `runs/check-data/last.json` holds. */
interface DataCheck {
  checkedAt: string;
  snapshot: string;
  /** Data tests that passed. */
  passed: number;
  /** What must not be. */
  problems: string[];
  /** What someone should look at. */
  warnings: string[];
  /** The scheduled run that checked. */
  run?: string;
}

/**
 * Tells an operator whether the published data can be relied on: runs the data tests on all of the current snapshot,
 * looks how old its newest rows are, and lists what data tests kept from being published since the last check.
 *
 * @throws {PipelineError} when a data test of severity `error` fails, the newest orders are too old, or the latest
 *   publish was blocked; all that is wrong is named.
 * @throws {LakeError} when nothing was published yet.
 */
export const checkData: Pipeline = async ({ config, store, runtime }) => {
  const project = await loadSqlProject(WAREHOUSE_PROJECT, PROJECT_RELATIONS);
  const now = runtime.now();
  const last = (await readJson<DataCheck>(store, LAST_CHECK))?.value;
  return await withTemporaryFolder(config.home, async (folder) => {
    using snapshot = await openSnapshot(store, undefined, {
      memoryLimit: "1GiB",
      spillFolder: join(folder, "spill"),
    });
    const tests = await testSnapshot(snapshot, project, runtime);
    const fresh = await freshness(snapshot, config, now);
    const blocked = await blockedPublishes(store, last?.checkedAt);
    const failed = (severity: string) =>
      tests.failed.filter((test) => test.severity === severity).map(failureText);
    const problems = [...failed("error"), ...fresh.problems, ...blocked.problems];
    const others = [...fresh.warnings, ...blocked.warnings];
    const { id } = snapshot.manifest;
    const check: DataCheck = {
      checkedAt: now.toISOString(),
      snapshot: id,
      passed: tests.passed,
      problems,
      warnings: [...failed("warn"), ...others],
      ...(config.run && { run: config.run.name }),
    };
    await store.put(LAST_CHECK, encodeJson(check));
    // Those of the data tests were logged as they were found.
    for (const warning of others) runtime.log.warn(warning);
    const summary = `snapshot ${id}: ${tests.passed} data tests passed, ` +
      `${check.warnings.length} warnings; ${fresh.summary}; ${blocked.summary}`;
    if (problems.length === 0) return { status: "done", summary };
    throw new PipelineError(
      `The data is not as it should be\n${problems.map((problem) => `  ${problem}`).join("\n")}\n${summary}`,
    );
  });
};
