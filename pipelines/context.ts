import { leftoverFolders, makeWorkingFolder, type Runtime, workingFolders } from "shopflow/runtime/mod.ts";
import { PipelineError, ShopFlowError } from "shopflow/errors/mod.ts";
import type { Config } from "shopflow/config/mod.ts";
import { type ObjectStore, openStore } from "shopflow/lake/store/mod.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Runs `work` with a new folder under `<home>/tmp`, which is removed afterwards. What runs that were killed left
 * there, pipelines and notebooks alike, is removed after a day.
 */
export async function withTemporaryFolder<T>(home: string, work: (folder: string) => Promise<T>): Promise<T> {
  // Files' times are those of the system's clock, so they are compared with it and not with the runtime's.
  for (const leftover of await leftoverFolders(home, new Date(Date.now() - DAY_MS))) await leftover.remove();
  const folder = await makeWorkingFolder("pipeline", workingFolders(home));
  try {
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Runs parts that do not depend on each other one after the other, and says what each did; unchanged when all of
 * them were. A part that fails does not keep the others from their work.
 *
 * @throws {PipelineError} at the end, when a part failed.
 */
export async function inOrder(
  parts: Record<string, Pipeline>,
  context: PipelineContext,
): Promise<PipelineResult> {
  const results: [string, PipelineResult][] = [];
  const failures: string[] = [];
  const problems: ShopFlowError[] = [];
  for (const [name, part] of Object.entries(parts)) {
    try {
      const result = await part(context);
      results.push([name, result]);
      problems.push(...result.problems ?? []);
    } catch (error) {
      if (!(error instanceof ShopFlowError)) throw error;
      failures.push(`${name}: ${error.message}`);
    }
  }
  const summary = results.map(([name, { summary }]) => `\n  ${name}: ${summary}`).join("");
  if (failures.length > 0) {
    const done = summary === "" ? "" : `\nCompleted:${summary}`;
    for (const { message } of problems) failures.push(message);
    throw new PipelineError(
      `${failures.length} of ${Object.keys(parts).length} parts failed\n  ${failures.join("\n  ")}${done}`,
    );
  }
  return {
    status: results.every(([, { status }]) => status === "unchanged") ? "unchanged" : "done",
    summary,
    ...(problems.length > 0 && { problems }),
  };
}

/** What every pipeline works with. */
export interface PipelineContext {
  config: Config;
  store: ObjectStore;
  runtime: Runtime;
  /** Work again although nothing changed. */
  force: boolean;
  /** Let the extract read all rows of the sources, whatever their watermarks say. */
  fullRefresh: boolean;
  /** Whether a trained version that the rule lets pass becomes champion, or waits for a person. */
  promotes: boolean;
}

/** How a pipeline ended: `unchanged` when its inputs were those of the last time. */
export interface PipelineResult {
  status: "done" | "unchanged";
  /** One line for the operator, with numbers. */
  summary: string;
  /** What could not be done while the rest went on; the command ends with an error after all its pipelines. */
  problems?: ShopFlowError[];
}

/** A step from sources to reports; throws a `ShopFlowError` when it cannot be done. */
export type Pipeline = (context: PipelineContext) => Promise<PipelineResult>;

/**
 * What pipelines need, with the lake that the settings name. Databases are opened by those that read them.
 *
 * @param options.force Work again although nothing changed.
 * @param options.fullRefresh Let the extract read all rows of the sources.
 * @param options.promotes Whether training promotes by the rule; default: what the settings say.
 */
export function createContext(
  config: Config,
  runtime: Runtime,
  { force = false, fullRefresh = false, promotes = config.promotion === "rule" }: {
    force?: boolean;
    fullRefresh?: boolean;
    promotes?: boolean;
  } = {},
): PipelineContext {
  return { config, store: openStore(config), runtime, force, fullRefresh, promotes };
}
