import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";

/** An empty lake in a temporary folder, removed with its scope. */
export async function temporaryStore(): Promise<{ store: ObjectStore; folder: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "experiments_" });
  return {
    folder,
    store: createDirectoryStore(folder, { sync: false }),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** A clock that goes on by a second each time it is read. */
export function steppingClock(from = "2024-10-01T00:00:00.000Z"): () => Date {
  let time = Date.parse(from);
  return () => new Date(time += 1000);
}
