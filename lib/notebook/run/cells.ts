/**
 * Ctrl-C and SIGTERM cancel the notebook runs of this program: each ends its kernel and saves its record, and after
 * the last one the program ends as the signal wanted. A second signal ends it at once.
 */
import { errorText, maskSecrets, NotebookError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import type { CodeCell, ErrorOutput, Output } from "../format/nbformat.ts";
import { formatNotebook } from "../format/notebook_file.ts";
import { type ExecutedNotebook, markSaved, maskFailure, runKey, SAVE_EVERY_MS } from "./record.ts";
import type { KernelClient } from "../kernel/client.ts";
import { CANCELLED } from "../kernel/failures.ts";

/** Exit code of a program that a signal ended: 128 + its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

const running = new Set<AbortController>();
let received: keyof typeof SIGNALS | undefined;

const handlers = (Object.keys(SIGNALS) as (keyof typeof SIGNALS)[])
  // Windows has no SIGTERM.
  .filter((signal) => signal === "SIGINT" || Deno.build.os !== "windows")
  .map((signal) => ({
    signal,
    handle: () => {
      if (received) Deno.exit(SIGNALS[received]);
      received = signal;
      for (const controller of running) controller.abort(new Error(signal));
    },
  }));

/** A run that can be cancelled; `done` is to be called when its record is saved. */
interface Cancellable {
  signal: AbortSignal;
  done(): void;
}

/**
 * Begins a run that a signal to this program, or the caller's own `signal`, cancels.
 *
 * @throws {NotebookError} when the program is already ending.
 */
export function cancellable(signal?: AbortSignal): Cancellable {
  if (received) {
    throw new NotebookError("This program is stopping and starts no more notebooks", { found: received });
  }
  const controller = new AbortController();
  if (running.size === 0) {
    for (const { signal, handle } of handlers) {
      Deno.addSignalListener(signal, handle);
    }
  }
  running.add(controller);
  return {
    signal: signal ? AbortSignal.any([signal, controller.signal]) : controller.signal,
    done() {
      running.delete(controller);
      if (running.size > 0) return;
      if (received) Deno.exit(SIGNALS[received]);
      for (const { signal, handle } of handlers) Deno.removeSignalListener(signal, handle);
    },
  };
}

/** Writes a run's notebook while it goes on, so that it is seen when its program is killed. */
interface RunSaver {
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
  maskFailure(record);
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

/** Writes the record at once, and then every few seconds; each time the store replaces it atomically. */
export async function startSaving(
  notebook: ExecutedNotebook,
  store: ObjectStore,
  runtime: Runtime,
): Promise<RunSaver> {
  const record = notebook.metadata.shopflow;
  const key = runKey(record.notebook, record.runId);
  const started = performance.now();
  const write = async () => {
    markSaved(record, runtime.now(), Math.round(performance.now() - started));
    maskOutputs(notebook);
    await store.put(key, new TextEncoder().encode(formatNotebook(notebook)));
  };
  await write();
  let writing: Promise<void> | undefined;
  const timer = setInterval(() => {
    // One that takes long, since the store is away, is not followed by all that were due meanwhile.
    writing ??= write().catch((error) => {
      // The run may still end well, and its last writing tells whether the store is in order.
      runtime.log.warn(`could not save the run ${record.runId} yet: ${errorText(error)}`);
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

export interface TimeLimits {
  /** Milliseconds that one cell may take. Default ten minutes. */
  cellTimeout?: number | undefined;
  /** Milliseconds that the whole notebook may take. Default one hour. */
  timeout?: number | undefined;
}

interface CellsOptions extends TimeLimits {
  /** Ends the cell that runs, with the kernel. */
  signal?: AbortSignal | undefined;
}

/**
 * Runs the code cells from top to bottom, up to the first that fails, and writes outputs, counts and times into them.
 * Late outputs are still added until the kernel is closed.
 */
export async function runCells(
  notebook: ExecutedNotebook,
  kernel: KernelClient,
  runtime: Runtime,
  { cellTimeout = 600_000, timeout = 3_600_000, signal }: CellsOptions,
): Promise<void> {
  const cells = notebook.cells.filter((cell): cell is CodeCell =>
    cell.cell_type === "code" && cell.source.trim() !== ""
  );
  const bar = runtime.progress.start(
    `notebook ${notebook.metadata.shopflow.notebook}`,
    cells.length,
    "cells",
  );
  const deadline = performance.now() + timeout;
  let done = 0;
  let error: ErrorOutput | undefined;
  for (const cell of cells) {
    const left = Math.max(0, deadline - performance.now());
    const limit = left < cellTimeout
      ? { timeout: left, overtime: `the notebook took longer than ${timeout / 1000} s` }
      : { timeout: cellTimeout };
    error = await runCell(cell, kernel, runtime, { ...limit, signal });
    if (error) break;
    bar.update(++done);
  }
  const end = error ? `, then ${error.ename === CANCELLED ? "it was cancelled" : "one failed"}` : "";
  bar.finish(`${done} of ${cells.length} cells${end}`);
}

async function runCell(
  cell: CodeCell,
  kernel: KernelClient,
  runtime: Runtime,
  limit: { timeout: number; overtime?: string; signal?: AbortSignal | undefined },
): Promise<ErrorOutput | undefined> {
  const startedAt = runtime.now().toISOString();
  const clock = performance.now();
  // The list itself, not a copy: what is saved meanwhile shows its outputs so far, and late ones are added to it.
  const { executionCount, error } = await kernel.execute(cell.source, { ...limit, outputs: cell.outputs });
  cell.execution_count = executionCount;
  cell.metadata.shopflow = { startedAt, milliseconds: Math.round(performance.now() - clock) };
  return error;
}
