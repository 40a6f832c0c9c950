import { ModelError } from "shopflow/errors/mod.ts";
import { type ObjectStore, readJson, swapJson } from "shopflow/lake/mod.ts";

/** What a pointer may replace. */
export interface PointerMove {
  /**
   * What the pointer named when the work began, null when there was none: a run that was overtaken must not put its
   * older result over the newer one. By default whatever it names is replaced.
   */
  replaces?: string | null;
}

const ATTEMPTS = 5;

/**
 * Moves the pointer `key` to `next` by compare-and-set.
 *
 * @param nameOf What a pointer's value names, to be compared with `replaces`.
 * @param keepEqual Leave a value as it is that names the same as `next`.
 * @returns What the pointer is now, and what it was before.
 * @throws {ModelError} when another run moved it meanwhile.
 */
export async function movePointer<T>(
  store: ObjectStore,
  key: string,
  next: T,
  { nameOf, replaces, keepEqual = false }: PointerMove & {
    nameOf: (value: T) => string;
    keepEqual?: boolean;
  },
): Promise<{ now: T; before: T | undefined }> {
  let found: string | null = null;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await readJson<T>(store, key);
    found = before === undefined ? null : nameOf(before.value);
    // Another run that came to the same result is no rival.
    if (replaces !== undefined && found !== replaces && found !== nameOf(next)) break;
    if (keepEqual && before !== undefined && found === nameOf(next)) {
      return { now: before.value, before: before.value };
    }
    if (await swapJson(store, key, next, before)) return { now: next, before: before?.value };
  }
  throw new ModelError("Another run published at the same time", {
    expected: `${key} in ${store.url} as it was when this run began`,
    found: found ?? "none",
    remedy: "Run the pipeline again; nothing of this run is visible.",
  });
}
