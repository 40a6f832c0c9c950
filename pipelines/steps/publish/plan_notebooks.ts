import { fileURLToPath } from "node:url";
import { ShopFlowError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { currentSnapshotId } from "shopflow/lake/mod.ts";
import {
  type FilledParameters,
  fillParameters,
  findLastSale,
  type LastSale,
  type ParameterRules,
  readNotebook,
  readParameterRules,
  readParameters,
} from "shopflow/notebook/mod.ts";
import { codeVersion } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** What a publish is going to do with a notebook. */
export interface PlannedNotebook {
  path: string;
  /** The parameters that the notebook's own rules fill; none of a notebook that cannot be read. */
  filled?: FilledParameters;
  /** Changes when the report could; empty for a notebook that cannot be read, whose run says why. */
  inputs: string;
  cells: number;
}

/**
 * Looks at each notebook before anything is run.
 *
 * @throws {LakeError} when nothing was published yet that a report could be about.
 */
export async function planNotebooks(store: ObjectStore, paths: string[]): Promise<PlannedNotebook[]> {
  if (await currentSnapshotId(store) === undefined) await findLastSale(store);
  const shared = await sharedInputs(store);
  let lastSale: LastSale | undefined;
  const planned: PlannedNotebook[] = [];
  for (const path of paths) {
    try {
      const { rules, cells } = await readRules(path);
      let filled: FilledParameters = { values: {}, rules: {} };
      if (Object.keys(rules).length > 0) {
        lastSale ??= await findLastSale(store);
        filled = fillParameters(rules, lastSale, path);
      }
      planned.push({ path, filled, inputs: await inputsOf(path, filled, shared), cells });
    } catch (error) {
      // It must not hold up the others: its run finds the same, and is recorded as failed.
      if (!(error instanceof ShopFlowError)) throw error;
      planned.push({ path, inputs: "", cells: 0 });
    }
  }
  return planned;
}

async function readRules(path: string): Promise<{ rules: ParameterRules; cells: number }> {
  const notebook = await readNotebook(path);
  const rules = readParameterRules(notebook, readParameters(notebook, path), path);
  return { rules, cells: notebook.cells.filter(({ cell_type }) => cell_type === "code").length };
}

/** What all notebooks of one publish depend on: the data, the models and scores, and the code they import. */
async function sharedInputs(store: ObjectStore): Promise<string> {
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

/** A hash of a notebook's file, the values of its rules, and what all depend on. */
async function inputsOf(path: string, { values }: FilledParameters, shared: string): Promise<string> {
  return createHash("sha256").update(await Deno.readFile(path)).update(JSON.stringify(values)).update(shared)
    .digest("hex").slice(0, 16);
}
