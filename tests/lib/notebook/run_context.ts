import assert from "node:assert/strict";
import { join } from "node:path";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { ExecutedNotebook } from "shopflow/notebook/run/mod.ts";
import { parseNotebook } from "shopflow/notebook/mod.ts";
import type { RunContext } from "../../../lib/notebook/run/execute_notebook.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { publishSmallLake } from "./small_lake.ts";
import { withTemporaryFolder } from "./temporary_folder.ts";

/** A small lake in a temporary folder, and what a run of a notebook takes. */
export async function withLake(body: (context: RunContext, folder: string) => Promise<void>): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const lakeUrl = join(folder, "lake");
    await Deno.mkdir(lakeUrl);
    const runtime = createRuntime({ log: createLogger(() => {}), progress: silentProgress });
    await body(
      { store: await publishSmallLake(lakeUrl), config: { home: folder, lakeUrl }, runtime },
      folder,
    );
  });
}

/** The notebook that a run left. */
export async function storedRun(store: ObjectStore, key: string): Promise<ExecutedNotebook> {
  const object = await store.get(key);
  assert.ok(object, `${key} was not saved`);
  return parseNotebook(new TextDecoder().decode(object.body), key) as ExecutedNotebook;
}

/** The only run that is in the store. */
export async function onlyRun(store: ObjectStore): Promise<ExecutedNotebook> {
  const keys = (await store.list("runs/")).map(({ key }) => key);
  assert.equal(keys.length, 1, keys.join(", "));
  return await storedRun(store, keys[0]!);
}
