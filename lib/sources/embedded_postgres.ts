import { PGlite } from "@electric-sql/pglite";
import { SourceError } from "shopflow/errors/mod.ts";
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
    await release(lock);
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
