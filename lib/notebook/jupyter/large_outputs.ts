import { makeWorkingFolder } from "shopflow/runtime/mod.ts";
import { dirname } from "node:path";
import { LARGE } from "./kernel_messages.ts";

/** A folder of its own in which a kernel leaves what is too large for its socket; it goes with its scope. */
export interface LargeOutputs extends AsyncDisposable {
  folder: string;
  /** The data of an output, where what came says only in which file they are; others are given back as they are. */
  fetch(data: Record<string, unknown>): Promise<Record<string, unknown>>;
}

/** Makes such a folder in `parent`, by default the system's folder for temporary files. */
export async function openLargeOutputs(parent?: string): Promise<LargeOutputs> {
  const folder = await makeWorkingFolder("outputs", parent);
  let removal: Promise<void> | undefined;
  return {
    folder,
    async fetch(data) {
      const path = data[LARGE];
      // Nothing but what is in the folder is taken, whatever a cell says.
      if (typeof path !== "string" || dirname(path) !== folder) return data;
      const json = await Deno.readTextFile(path);
      await Deno.remove(path);
      return JSON.parse(json);
    },
    [Symbol.asyncDispose]: () => removal ??= removeFolder(folder),
  };
}

/** A notebook may have removed it. */
async function removeFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
