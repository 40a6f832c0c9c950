import type { Config } from "shopflow/config/mod.ts";
import type { ShopFlowError } from "shopflow/errors/mod.ts";
import { type ObjectStore, openStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";

/** What every pipeline works with. */
export interface PipelineContext {
  config: Config;
  store: ObjectStore;
  runtime: Runtime;
  /** Work again although nothing changed. */
  force: boolean;
}

/** How a pipeline ended: `unchanged` when its inputs were those of the last time. */
export interface PipelineResult {
  status: "done" | "unchanged";
  /** One line for the operator, with figures. */
  summary: string;
  /** What could not be done while the rest went on; the command ends with an error after all its pipelines. */
  problems?: ShopFlowError[];
}

/** A step from sources to reports; throws a `ShopFlowError` when it cannot be done. */
export type Pipeline = (context: PipelineContext) => Promise<PipelineResult>;

/**
 * What pipelines need, with the lake that the settings name. Databases are opened by those that read them.
 *
 * @param force Work again although nothing changed.
 */
export function createContext(config: Config, runtime: Runtime, force = false): PipelineContext {
  return { config, store: openStore(config), runtime, force };
}
