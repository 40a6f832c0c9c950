import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { formatNotebook } from "./notebook_file.ts";
import { type ExecutedNotebook, runKey, SAVE_EVERY_MS } from "./run_record.ts";

/** Writes a run's notebook while it goes on, so that it is seen when its program is killed. */
export interface RunSaver {
  /** Key of the run's notebook. */
  key: string;
  /** Ends the regular writing and writes the final state. */
  finish(): Promise<void>;
}

/** Writes the record at once, and then every few seconds; each time the store replaces it as a whole. */
export async function startSaving(
  notebook: ExecutedNotebook,
  store: ObjectStore,
  runtime: Runtime,
): Promise<RunSaver> {
  const record = notebook.metadata.shopflow;
  const key = runKey(record.notebook, record.runId);
  const started = performance.now();
  const write = async () => {
    record.savedAt = runtime.now().toISOString();
    record.milliseconds = Math.round(performance.now() - started);
    await store.put(key, new TextEncoder().encode(formatNotebook(notebook)));
  };
  await write();
  let writing: Promise<void> | undefined;
  const timer = setInterval(() => {
    // One that takes long, since the store is away, is not followed by all that were due meanwhile.
    writing ??= write().catch((error) => {
      // The run may still end well, and its last writing tells whether the store is in order.
      runtime.log.warn(`the run ${record.runId} could not be saved for now: ${error.message}`);
    }).finally(() => writing = undefined);
  }, SAVE_EVERY_MS);
  return {
    key,
    async finish() {
      clearInterval(timer);
      await writing;
      await write();
    },
  };
}
