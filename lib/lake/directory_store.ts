import { LakeError } from "shopflow/errors/mod.ts";
import { createHash, randomUUID } from "node:crypto";
import { dirname, join, relative, resolve } from "node:path";
import type { ObjectStat, ObjectStore, StoredObject } from "./object_store.ts";

/** Folder inside the store for files that are being written; never listed. */
const STAGING = ".staging";

/**
 * A store in a local folder. Writes go to a staging file that is renamed (or, to refuse overwriting, hard
 * linked) into place; `putIfMatch` compares and swaps under an advisory lock on the folder.
 */
export function createDirectoryStore(folder: string): ObjectStore {
  const root = resolve(folder);
  const pathOf = (key: string) => join(root, checkedKey(key));

  async function stage(body: Uint8Array): Promise<string> {
    await Deno.mkdir(join(root, STAGING), { recursive: true });
    const path = join(root, STAGING, randomUUID());
    await Deno.writeFile(path, body);
    return path;
  }

  async function get(key: string): Promise<StoredObject | undefined> {
    const body = await unlessMissing(Deno.readFile(pathOf(key)));
    return body && { body, etag: etagOf(body) };
  }

  async function put(key: string, body: Uint8Array) {
    const staged = await stage(body);
    await Deno.mkdir(dirname(pathOf(key)), { recursive: true });
    await Deno.rename(staged, pathOf(key));
    return { etag: etagOf(body) };
  }

  return {
    url: root,
    get,
    put,
    async putIfAbsent(key, body) {
      const staged = await stage(body);
      await Deno.mkdir(dirname(pathOf(key)), { recursive: true });
      try {
        await Deno.link(staged, pathOf(key));
        return { etag: etagOf(body) };
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) return undefined;
        throw error;
      } finally {
        await Deno.remove(staged);
      }
    },
    putIfMatch(key, body, etag) {
      return withLock(root, async () => (await get(key))?.etag === etag ? await put(key, body) : undefined);
    },
    async moveIn(key, path) {
      await Deno.mkdir(dirname(pathOf(key)), { recursive: true });
      try {
        await Deno.rename(path, pathOf(key));
      } catch (error) {
        if ((error as { code?: string }).code !== "EXDEV") throw error;
        // The file is on another file system: copy it beside its place first, so that it appears whole.
        await Deno.mkdir(join(root, STAGING), { recursive: true });
        const staged = join(root, STAGING, randomUUID());
        await Deno.copyFile(path, staged);
        await Deno.rename(staged, pathOf(key));
        await Deno.remove(path);
      }
    },
    async localPath(key) {
      const path = pathOf(key);
      if (await unlessMissing(Deno.stat(path))) return path;
      throw new LakeError("A file of the lake is missing", {
        expected: key,
        found: `nothing at ${path}`,
        remedy: "Run `deno task pipeline run all` to build it again.",
      });
    },
    async stat(key) {
      const stat = await unlessMissing(Deno.stat(pathOf(key)));
      return stat?.isFile ? { key, size: stat.size, modified: stat.mtime ?? new Date(0) } : undefined;
    },
    async list(prefix) {
      const found: ObjectStat[] = [];
      const folderKey = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      for await (const path of walk(join(root, folderKey))) {
        const key = relative(root, path).replaceAll("\\", "/");
        if (!key.startsWith(prefix) || key.startsWith(".")) continue;
        const stat = await unlessMissing(Deno.stat(path));
        if (stat) found.push({ key, size: stat.size, modified: stat.mtime ?? new Date(0) });
      }
      return found.sort((a, b) => a.key < b.key ? -1 : 1);
    },
    async delete(key) {
      await unlessMissing(Deno.remove(pathOf(key)));
    },
  };
}

function checkedKey(key: string): string {
  const valid = key !== "" && key.split("/").every((part) => part !== "" && !part.startsWith("."));
  if (valid && !key.includes("\\")) return key;
  throw new LakeError("Not a key of the lake", {
    expected: "names joined by /, none empty or starting with a dot",
    found: JSON.stringify(key),
  });
}

const etagOf = (body: Uint8Array) => createHash("sha256").update(body).digest("hex");

async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

async function withLock<T>(root: string, work: () => Promise<T>): Promise<T> {
  await Deno.mkdir(join(root, STAGING), { recursive: true });
  const file = await Deno.open(join(root, STAGING, "lock"), { create: true, write: true });
  try {
    await file.lock(true);
    return await work();
  } finally {
    file.close();
  }
}

async function* walk(folder: string): AsyncGenerator<string> {
  const entries = await unlessMissing(Array.fromAsync(Deno.readDir(folder)));
  for (const entry of entries ?? []) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* walk(path);
    else if (entry.isFile) yield path;
  }
}
