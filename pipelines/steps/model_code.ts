import type { ModelDefinition } from "shopflow/ml/mod.ts";
import { codeVersion } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What every model's versions depend on besides its own folder; scores follow the version, so scoring is among them. */
const SHARED = ["../../lib/ml", "train", "score"].map((path) => join(import.meta.dirname ?? "", path));

/** Hash of the code that trains and scores a model. */
export function modelCode({ folder }: Pick<ModelDefinition, "folder">): Promise<string> {
  return codeVersion([...SHARED, fileURLToPath(folder)]);
}

/** A short hash of a JSON value, as versions of models are named. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);
}
