/** Resolves after a time; an abort of `signal` only spares the timer. */
export function elapsed(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => clearTimeout(timer));
  });
}

/** Resolves when `signal` aborts, unless `over` came before. */
export function aborted(over: AbortSignal, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal?.addEventListener("abort", () => resolve(), { signal: over });
  });
}
