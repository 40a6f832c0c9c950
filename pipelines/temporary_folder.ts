import { join } from "node:path";

const PREFIX = "pipeline-";
const DAY = 24 * 60 * 60 * 1000;

/**
 * Runs `work` with a new folder under `<home>/tmp`, which is removed afterwards. What runs that were killed left
 * there, pipelines and notebooks alike, is removed after a day.
 */
export async function withTemporaryFolder<T>(home: string, work: (folder: string) => Promise<T>): Promise<T> {
  const parent = join(home, "tmp");
  await Deno.mkdir(parent, { recursive: true });
  await removeLeftovers(parent);
  const folder = await Deno.makeTempDir({ dir: parent, prefix: PREFIX });
  try {
    return await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function removeLeftovers(parent: string): Promise<void> {
  for (const { name } of await Array.fromAsync(Deno.readDir(parent))) {
    const path = join(parent, name);
    try {
      // Files' times are those of the system's clock, so they are compared with it and not with the runtime's.
      const modified = (await Deno.stat(path)).mtime?.getTime() ?? Date.now();
      if (Date.now() - modified > DAY) await Deno.remove(path, { recursive: true });
    } catch (error) {
      // Another run ended meanwhile and removed its own.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
