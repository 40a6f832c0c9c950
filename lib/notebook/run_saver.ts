import { maskSecrets } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import type { Output } from "./nbformat.ts";
import { formatNotebook } from "./notebook_file.ts";
import { type ExecutedNotebook, runKey, SAVE_EVERY_MS } from "./run_record.ts";

/** Writes a run's notebook while it goes on, so that it is seen when its program is killed. */
export interface RunSaver {
  /** Key of the run's notebook. */
  key: string;
  /** Ends the regular writing and writes the final state. */
  finish(): Promise<void>;
}

/**
 * Takes secrets out of what cells gave, in place: the notebook is kept and published, and a cell may print a variable
 * that it was given, or fail with an error that shows one.
 */
function maskOutputs({ cells, metadata: { shopflow: record } }: ExecutedNotebook): void {
  for (const cell of cells) {
    if (cell.cell_type === "code") cell.outputs.forEach(maskOutput);
  }
  if (record.failure) record.failure.evalue = maskSecrets(record.failure.evalue);
}

/** Data, and lengths of printed texts, that were masked when the run was saved before: it is saved every few seconds. */
const maskedData = new WeakSet<object>();
const maskedLengths = new WeakMap<Output, number>();

function maskOutput(output: Output): void {
  switch (output.output_type) {
    case "stream":
      if (maskedLengths.get(output) === output.text.length) return;
      output.text = maskSecrets(output.text);
      maskedLengths.set(output, output.text.length);
      break;
    case "error":
      output.evalue = maskSecrets(output.evalue);
      output.traceback = output.traceback.map(maskSecrets);
      break;
    default:
      if (maskedData.has(output.data)) return;
      maskedData.add(output.data);
      for (const [type, value] of Object.entries(output.data)) {
        if (!PICTURE.test(type)) output.data[type] = maskedValue(value);
      }
  }
}

/** In base64: what its letters happen to be is no secret. */
const PICTURE = /^(?:image\/(?!svg)|audio\/|video\/|application\/(?:pdf|octet-stream))/;

function maskedValue(value: unknown): unknown {
  if (typeof value === "string") return maskSecrets(value);
  if (Array.isArray(value)) return value.map(maskedValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, maskedValue(inner)]));
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
    maskOutputs(notebook);
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
