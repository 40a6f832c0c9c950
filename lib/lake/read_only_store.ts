import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "./object_store.ts";

/** The same store for reading: every change is refused. */
export function readOnlyStore(store: ObjectStore): ObjectStore {
  const refuse = (key: string) =>
    Promise.reject(
      new LakeError(`${key} of the lake ${store.url} cannot be changed here`, {
        expected: "reading only",
        remedy: "Promote the code into a pipeline that writes it.",
      }),
    );
  return {
    ...store,
    put: refuse,
    putIfAbsent: refuse,
    putIfMatch: refuse,
    moveIn: refuse,
    delete: refuse,
    unfinishedWrites: undefined,
  };
}
