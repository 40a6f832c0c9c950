import { isDeepStrictEqual } from "node:util";
import { dirname, join } from "node:path";
import { isFile } from "shopflow/runtime/mod.ts";

/** Keeps a repository's `deno.lock` as it is while notebooks run. */
export interface LockFileGuard extends AsyncDisposable {
  /** Puts back what notebooks changed so far. */
  restore(): Promise<void>;
}

/** The lock files that are guarded, by path, with their texts when the first of their kernels started. */
const guarded = new Map<string, { before: string | undefined; guards: number }>();

/**
 * Guards the lock file that a Deno kernel started in `folder` finds. `import "npm:…"` in a cell adds packages to it, and
 * `deno jupyter` has no `--no-lock`; but what somebody tries in a notebook is no dependency of the repository. A change
 * of the dependencies in `deno.json`, which somebody else makes meanwhile, is kept.
 */
export async function guardLockFile(folder: string): Promise<LockFileGuard> {
  const path = await lockFileFor(folder);
  if (path === undefined) {
    return {
      restore: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  // Kernels that run side by side find what the others have changed already.
  const entry = guarded.get(path) ?? { before: await textOf(path), guards: 0 };
  guarded.set(path, entry);
  entry.guards++;
  const restore = async () => {
    const now = await textOf(path);
    if (now === entry.before || now === undefined) return;
    if (!isDeepStrictEqual(dependenciesIn(now), dependenciesIn(entry.before))) {
      entry.before = now;
    } else if (entry.before === undefined) await Deno.remove(path);
    else {
      // A reader must never see half of it.
      const staged = `${path}.${crypto.randomUUID()}.tmp`;
      await Deno.writeTextFile(staged, entry.before, { createNew: true });
      await Deno.rename(staged, path);
    }
  };
  return {
    restore,
    async [Symbol.asyncDispose]() {
      await restore();
      if (--entry.guards === 0) guarded.delete(path);
    },
  };
}

/** Beside the nearest `deno.json`. */
async function lockFileFor(folder: string): Promise<string | undefined> {
  for (let current = folder;; current = dirname(current)) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      if (await isFile(join(current, name))) return join(current, "deno.lock");
    }
    if (dirname(current) === current) return undefined;
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** What the lock file says that `deno.json` asks for; of a text that is half written, the text itself. */
function dependenciesIn(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) as { workspace?: unknown }).workspace;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
