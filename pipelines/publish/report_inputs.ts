import type { ObjectStore } from "shopflow/lake/mod.ts";
import { currentSnapshotId } from "shopflow/lake/mod.ts";
import type { Parameters } from "shopflow/notebook/mod.ts";
import { codeVersion } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";

const ROOT = join(import.meta.dirname!, "..", "..");

/** What all notebooks of one publish depend on: the data, the models and scores, and the code they import. */
export async function sharedInputs(store: ObjectStore): Promise<string> {
  const hash = createHash("sha256").update(
    `${await currentSnapshotId(store)} ${await codeVersion([join(ROOT, "lib")])}`,
  );
  for (const prefix of ["models/", "scores/"]) {
    for (const { key } of await store.list(prefix)) {
      if (/\/(champion|current)\.json$/.test(key)) hash.update(`${key} ${(await store.get(key))?.etag} `);
    }
  }
  return hash.digest("hex");
}

/** A hash that changes when a notebook's report could: its file, its parameters, and what all depend on. */
export async function reportInputs(path: string, parameters: Parameters, shared: string): Promise<string> {
  return createHash("sha256").update(await Deno.readFile(path)).update(JSON.stringify(parameters)).update(
    shared,
  )
    .digest("hex").slice(0, 16);
}
