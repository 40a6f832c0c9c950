/** What a notebook reads, told to our runner, and in a repeated run what it has to read. */
import { encodeJson, type ObjectStore } from "shopflow/lake/mod.ts";
import { PINNED, READ_HOOK, type ReadFact } from "./jupyter/kernel_messages.ts";

const runner = globalThis as Record<symbol, unknown>;

/** Tells our runner, if it is one that runs the notebook, what was read. */
export async function noteRead(fact: ReadFact): Promise<void> {
  const hook = runner[READ_HOOK];
  if (typeof hook === "function") await hook(fact);
}

/** The same store; a model version whose card is read goes to the record of the run. */
export function noteModelReads(store: ObjectStore): ObjectStore {
  return {
    ...store,
    async get(key) {
      const [, name, version] = key.match(/^models\/([^/]+)\/([^/]+)\/card\.json$/) ?? [];
      if (name && version) await noteRead({ kind: "model", name, version });
      return await store.get(key);
    },
  };
}

/** The version that a repeated run has to read; undefined where the current one is right. */
export function pinnedVersion(kind: ReadFact["kind"], name: string): string | undefined {
  const pinned = (runner[PINNED] ?? []) as ReadFact[];
  return pinned.find((fact) => fact.kind === kind && fact.name === name)?.version;
}

/** The same store, in which the champions of a repeated run are those of the run before. */
export function pinModels(store: ObjectStore): ObjectStore {
  return {
    ...store,
    async get(key) {
      const [, name] = key.match(/^models\/([^/]+)\/champion\.json$/) ?? [];
      const version = name && pinnedVersion("model", name);
      return version
        ? { body: new Uint8Array(encodeJson({ version })), etag: version }
        : await store.get(key);
    },
  };
}
