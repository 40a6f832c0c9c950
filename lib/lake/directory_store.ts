import { writeAll } from "shopflow/runtime/mod.ts";
import { createHash, randomUUID } from "node:crypto";
import { dirname, join, relative, resolve } from "node:path";
import { inFolder, takeOverFile, withFileLock } from "./local_file.ts";
import { checkedKey, checkedPrefix } from "./object_key.ts";
import type { ObjectStat, ObjectStore, StoredObject, UnfinishedWrite } from "./object_store.ts";
import { fileMissing, lakeFailure, unlessMissing } from "./store_failures.ts";

/** Folder inside the store for files that are being written; never listed. */
const STAGING = ".staging";
/** File in it that writers lock. */
const LOCK = "lock";

/**
 * A store in a local folder. A write goes to a staging file, reaches the disk, and is renamed into place, so
 * that a reader sees all of it or nothing. Writes of all processes take turns by an advisory lock on the
 * folder, so that the conditional ones compare and swap as one step.
 */
export function createDirectoryStore(folder: string): ObjectStore {
  const root = resolve(folder);
  const pathOf = (key: string) => join(root, checkedKey(key));
  const explained = lakeFailure(root);

  async function get(key: string): Promise<StoredObject | undefined> {
    const body = await unlessMissing(Deno.readFile(pathOf(key)));
    return body && { body, etag: etagOf(body) };
  }

  async function stat(key: string): Promise<ObjectStat | undefined> {
    const found = await unlessMissing(Deno.stat(pathOf(key)));
    return found?.isFile ? { key, size: found.size, modified: found.mtime ?? new Date(0) } : undefined;
  }

  /** Writes `body` as `key` when `allowed` still says so once it is this write's turn. */
  async function swap(key: string, body: Uint8Array, allowed: () => Promise<boolean>) {
    const path = pathOf(key);
    const staged = await stage(root, body);
    let moved = false;
    try {
      return await withLock(root, async () => {
        if (!await allowed()) return undefined;
        await inFolder(dirname(path), () => Deno.rename(staged, path));
        moved = true;
        return { etag: etagOf(body) };
      });
    } finally {
      if (!moved) await unlessMissing(Deno.remove(staged));
    }
  }

  return {
    url: root,
    get: (key) => explained("read", key, () => get(key)),
    put: (key, body) =>
      explained("write", key, async () => (await swap(key, body, () => Promise.resolve(true)))!),
    putIfAbsent: (key, body) =>
      explained("write", key, () => swap(key, body, async () => await stat(key) === undefined)),
    putIfMatch: (key, body, etag) =>
      explained("write", key, () => swap(key, body, async () => (await get(key))?.etag === etag)),
    moveIn: (key, path) => explained("write", key, () => takeOver(root, path, pathOf(key))),
    localPath: (key) =>
      explained("read", key, async () => {
        if (await stat(key) !== undefined) return pathOf(key);
        throw fileMissing(key, root);
      }),
    stat: (key) => explained("read", key, () => stat(key)),
    list: (prefix) => explained("list", prefix, () => list(root, checkedPrefix(prefix))),
    delete: (key, { signal } = {}) =>
      explained("delete", key, () =>
        withLock(root, async () => {
          signal?.throwIfAborted();
          await unlessMissing(Deno.remove(pathOf(key)));
        })),
    unfinishedWrites: () => explained("list", STAGING, () => unfinishedWrites(root)),
  };
}

const etagOf = (body: Uint8Array) => createHash("sha256").update(body).digest("hex");

/** Writes a staging file, whole and on the disk. */
async function stage(root: string, body: Uint8Array): Promise<string> {
  const path = join(root, STAGING, randomUUID());
  using file = await inFolder(dirname(path), () => Deno.open(path, { write: true, createNew: true }));
  try {
    await writeAll(file, path, body);
    await file.syncData();
    return path;
  } catch (error) {
    // A disk that is full does not get emptier by halves of files.
    await unlessMissing(Deno.remove(path));
    throw error;
  }
}

async function takeOver(root: string, path: string, target: string): Promise<void> {
  await Deno.mkdir(dirname(target), { recursive: true });
  await takeOverFile(path, target, await stagingFolder(root));
}

async function stagingFolder(root: string): Promise<string> {
  const folder = join(root, STAGING);
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}

async function withLock<T>(root: string, work: () => Promise<T>): Promise<T> {
  return await withFileLock(join(root, STAGING, LOCK), work);
}

/** The staging files; those of writes that go on are young. */
async function unfinishedWrites(root: string): Promise<UnfinishedWrite[]> {
  const found: UnfinishedWrite[] = [];
  for (const { name } of await unlessMissing(Array.fromAsync(Deno.readDir(join(root, STAGING)))) ?? []) {
    const path = join(root, STAGING, name);
    const stat = name === LOCK ? undefined : await unlessMissing(Deno.stat(path));
    if (stat === undefined) continue;
    found.push({
      name: `${STAGING}/${name}`,
      size: stat.size,
      modified: stat.mtime ?? new Date(0),
      remove: async () => void await unlessMissing(Deno.remove(path)),
    });
  }
  return found;
}

async function list(root: string, prefix: string): Promise<ObjectStat[]> {
  const found: ObjectStat[] = [];
  const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  for await (const path of walk(join(root, folder))) {
    const key = relative(root, path).replaceAll("\\", "/");
    if (!key.startsWith(prefix)) continue;
    // A file may be deleted between being seen and being looked at.
    const stat = await unlessMissing(Deno.stat(path));
    if (stat) found.push({ key, size: stat.size, modified: stat.mtime ?? new Date(0) });
  }
  return found.sort((a, b) => a.key < b.key ? -1 : 1);
}

/** Files beneath a folder, without those of dot folders, which hold no objects. */
async function* walk(folder: string): AsyncGenerator<string> {
  const entries = await unlessMissing(Array.fromAsync(Deno.readDir(folder)));
  for (const entry of entries ?? []) {
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* walk(path);
    else if (entry.isFile) yield path;
  }
}
