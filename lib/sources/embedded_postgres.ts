import { PGlite } from "@electric-sql/pglite";
import { diskFullError, isDiskFull, isOutOfRoom, SourceError } from "shopflow/errors/mod.ts";
import { fileExists } from "shopflow/runtime/mod.ts";
import { dirname, join } from "node:path";

/** An opened embedded PostgreSQL (PGlite); this process alone holds its folder. */
export interface EmbeddedPostgres extends AsyncDisposable {
  db: PGlite;
}

/**
 * Opens the embedded PostgreSQL in `folder`; `create` makes a new one where there is none.
 *
 * @throws {SourceError} when there is none, it is damaged, or another program has it open.
 */
export async function openEmbeddedPostgres(
  folder: string,
  { create }: { create: boolean },
): Promise<EmbeddedPostgres> {
  if (!create && !await fileExists(join(folder, "PG_VERSION"))) {
    throw new SourceError("There is no embedded shop database", {
      expected: `one in ${folder}`,
      found: "none",
      remedy: "Run `deno task simulate`, or set SHOPFLOW_POSTGRES_URL to a PostgreSQL server.",
    });
  }
  await Deno.mkdir(dirname(folder), { recursive: true });
  const isNew = !await fileExists(folder);
  const lock = await holdLock(`${folder}.lock`, folder);
  try {
    const db = await PGlite.create(folder);
    return {
      db,
      async [Symbol.asyncDispose]() {
        await db.close();
        await release(lock);
      },
    };
  } catch (cause) {
    // Half a database could not be opened later, when there is room for it.
    if (isNew) await Deno.remove(folder, { recursive: true }).catch(() => {});
    await release(lock);
    // PGlite does not always say why it failed. Nobody must delete a shop because its disk is full.
    if (isDiskFull(cause) || await isOutOfRoom(dirname(folder))) {
      throw await diskFullError("open the embedded shop database", cause, folder);
    }
    throw new SourceError(`The embedded shop database in ${folder} cannot be opened`, {
      remedy: "Delete that folder and run `deno task simulate` or `deno task import` again.",
      cause,
    });
  }
}

/** PGlite itself does not notice a second process, and two of them destroy the files. */
async function holdLock(path: string, folder: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { create: true, write: true });
  if (await file.tryLock(true)) return file;
  file.close();
  throw new SourceError(`The embedded shop database in ${folder} is open in another program`, {
    remedy: "Wait until that one has finished, then run this again.",
  });
}

/**
 * Unlocks before it closes: a program that this process starts just then has the open file for a moment, too, and
 * would keep the lock until it has closed its own.
 */
async function release(lock: Deno.FsFile): Promise<void> {
  await lock.unlock();
  lock.close();
}
