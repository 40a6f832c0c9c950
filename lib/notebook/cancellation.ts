/**
 * Ctrl-C and SIGTERM cancel the notebook runs of this program: each ends its kernel and saves its record, and after
 * the last one the program ends as the signal wanted. A second signal ends it at once.
 */
import { NotebookError } from "shopflow/errors/mod.ts";

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
export interface Cancellable {
  signal: AbortSignal;
  done(): void;
}

/**
 * Begins a run that a signal to this program, or the caller's own `signal`, cancels.
 *
 * @throws {NotebookError} when the program is already ending.
 */
export function cancellable(signal?: AbortSignal): Cancellable {
  if (received) throw new NotebookError("No notebook is started any more", { found: received });
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
