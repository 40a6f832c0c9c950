import { leftoverFolders, makeWorkingFolder, workingFolders } from "shopflow/runtime/mod.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Runs `work` with a new folder under `<home>/tmp`, which is removed afterwards. What runs that were killed left
 * there, pipelines and notebooks alike, is removed after a day.
 */
export async function withTemporaryFolder<T>(home: string, work: (folder: string) => Promise<T>): Promise<T> {
  // Files' times are those of the system's clock, so they are compared with it and not with the runtime's.
  for (const leftover of await leftoverFolders(home, new Date(Date.now() - DAY_MS))) await leftover.remove();
  const folder = await makeWorkingFolder("pipeline", workingFolders(home));
  try {
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
