/** Kernels must not outlive the program that started them, however it ends. */

const live = new Set<Deno.ChildProcess>();
/** Exit code of a program that a signal ended: 128 + its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
const handlers = Object.entries(SIGNALS).map(([signal, code]) => ({
  signal: signal as Deno.Signal,
  handle: () => {
    killAll();
    Deno.exit(code);
  },
}));

/** Kills `child` when this program exits or is told to; call the returned function once the child has ended. */
export function endWithOwner(child: Deno.ChildProcess): () => void {
  if (live.size === 0) {
    globalThis.addEventListener("unload", killAll);
    for (const { signal, handle } of handlers) Deno.addSignalListener(signal, handle);
  }
  live.add(child);
  return () => {
    live.delete(child);
    if (live.size > 0) return;
    globalThis.removeEventListener("unload", killAll);
    for (const { signal, handle } of handlers) Deno.removeSignalListener(signal, handle);
  };
}

function killAll(): void {
  for (const child of live) {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
