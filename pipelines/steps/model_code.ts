import type { ModelDefinition } from "shopflow/ml/mod.ts";
import { codeVersion } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { moduleGraph } from "./module_graph.ts";

/** What trains and scores every model; scores follow the version, so scoring is among it. */
const SHARED = ["train", "score"].map((folder) => join(import.meta.dirname ?? "", folder));

/**
 * Hash of the code that trains and scores a model: the modules that its definition runs, the versions of the packages
 * that these use, and the steps. Another model's code is no part of it.
 */
export async function modelCode({ module }: Pick<ModelDefinition, "module">): Promise<string> {
  const { files, packages } = moduleGraph(module);
  return hashOf([await codeVersion([...SHARED, ...files]), packages]);
}

/** A short hash of a JSON value, as versions of models are named. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);
}
