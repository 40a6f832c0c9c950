import { LakeUnreachableError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";

/**
 * The same store, none of whose looks takes longer than `timeoutMs`. Large files and writes take what they take.
 *
 * @param goneSince Since when the lake is known not to answer: then it is not asked at all.
 */
export function boundedStore(
  store: ObjectStore,
  timeoutMs: number,
  goneSince: () => Date | undefined = () => undefined,
): ObjectStore {
  const { url } = store;

  function unlessGone(): void {
    const since = goneSince();
    if (since === undefined) return;
    throw new LakeUnreachableError(`The lake ${url} has been unreachable since ${since.toISOString()}`);
  }

  async function bounded<T>(read: () => Promise<T>): Promise<T> {
    unlessGone();
    return await answerWithin(read(), timeoutMs, url);
  }

  async function written<T>(write: () => Promise<T>): Promise<T> {
    unlessGone();
    return await write();
  }

  return {
    ...store,
    get: (key) => bounded(() => store.get(key)),
    stat: (key) => bounded(() => store.stat(key)),
    list: (prefix) => bounded(() => store.list(prefix)),
    put: (key, body) => written(() => store.put(key, body)),
    putIfAbsent: (key, body) => written(() => store.putIfAbsent(key, body)),
    putIfMatch: (...parameters) => written(() => store.putIfMatch(...parameters)),
    delete: (key, options) => written(() => store.delete(key, options)),
  };
}

async function answerWithin<T>(reading: Promise<T>, ms: number, url: string): Promise<T> {
  // What comes too late, even an error, has nobody who waits for it.
  reading.catch(() => {});
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() =>
      reject(
        new LakeUnreachableError(`The lake ${url} does not answer`, {
          expected: `an answer within ${ms / 1000} seconds`,
          found: "none",
          remedy: "Check the disk, or the network and the server of the bucket.",
        }),
      ), ms);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}
