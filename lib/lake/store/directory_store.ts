import { DiskFullError, diskFullError, isDiskFull, LakeError, ShopFlowError } from "shopflow/errors/mod.ts";
import { writeAll } from "shopflow/runtime/mod.ts";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { dirname, join, relative, resolve } from "node:path";
import { inFolder, takeOverFile, withFileLock } from "./local_file.ts";
import {
  checkedKey,
  checkedPrefix,
  type ObjectStat,
  type ObjectStore,
  type StoredObject,
  type UnfinishedWrite,
} from "./object_store.ts";

/** Undefined where there is no such file, or a folder in its place. */
export async function unlessMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const { NotFound, NotADirectory, IsADirectory } = Deno.errors;
    if ([NotFound, NotADirectory, IsADirectory].some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

/** The error for a file that the lake should have. */
export function fileMissing(key: string, root: string): LakeError {
  return new LakeError("A file of the lake is missing", {
    expected: key,
    found: `nothing of that name in ${root}`,
    remedy: "Run `deno task pipeline run all --force` to build it again.",
  });
}

const FREE_SPACE =
  "The disk or the quota is full. `deno task lake gc --keep N` deletes what the lake does not need; " +
  "where that is not enough, delete other files or move the lake to a larger disk.";

/** Turns what the file system says (no permission, disk full, …) into an error that names lake and key. */
function lakeFailure(root: string) {
  return async <T>(action: string, key: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (isDiskFull(cause)) {
        const said = cause instanceof DiskFullError ? cause.cause : cause;
        throw await diskFullError(`${action} ${key} in the lake ${root}`, said, root, FREE_SPACE);
      }
      if (cause instanceof ShopFlowError) throw cause;
      throw new LakeError(`Cannot ${action} ${JSON.stringify(key)} in the lake ${root}`, {
        found: cause instanceof Error ? cause.message : String(cause),
        remedy: remedyFor(cause),
        cause,
      });
    }
  };
}

function remedyFor(cause: unknown): string {
  if ((cause as { code?: string }).code === "EROFS") {
    return "The file system is mounted read-only. Mount it for writing, or set SHOPFLOW_LAKE to another folder.";
  }
  return "Check that SHOPFLOW_LAKE (or SHOPFLOW_HOME) is a folder this user may read and write.";
}

/** Folder inside the store for files that are being written; never listed. No other program has one of this name. */
const STAGING = ".shopflow_staging";
/** File in it that writers lock. */
const LOCK = "lock";
/** File in it that reserves space on the disk, so that a garbage collection can write its lease where it is full. */
const RESERVE = "reserve";
/** More than a pointer with all that it remembers. */
const RESERVE_BYTES = 64 << 10;
/** Names of staging files: UUIDs. */
const STAGED = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * A store in a local folder. A write goes to a staging file, reaches the disk, and is renamed into place, so
 * that a reader sees all of it or nothing. Writes of all processes take turns by an advisory lock on the
 * folder, so that the conditional ones compare and swap as one step.
 *
 * @param options.sync Whether a write waits until its bytes are on the disk, as a power cut asks for; default true.
 */
export function createDirectoryStore(
  folder: string,
  { sync = true }: { sync?: boolean } = {},
): ObjectStore {
  const root = resolve(folder);
  const pathOf = (key: string) => join(root, checkedKey(key));
  const explained = lakeFailure(root);
  let reserved = false;

  /** Writes a staging file, and makes sure that there is a reserve for the day when the disk is full. */
  async function staged(body: Uint8Array, useReserve: boolean): Promise<string> {
    if (!reserved) reserved = await reserveSpace(root, sync);
    try {
      return await stage(root, body, sync);
    } catch (error) {
      if (!useReserve || !isDiskFull(error)) throw error;
      reserved = false;
      return await stageInReserve(root, body, error);
    }
  }

  async function get(key: string): Promise<StoredObject | undefined> {
    const body = await unlessMissing(Deno.readFile(pathOf(key)));
    return body && { body, etag: etagOf(body) };
  }

  async function stat(key: string): Promise<ObjectStat | undefined> {
    const found = await unlessMissing(Deno.stat(pathOf(key)));
    return found?.isFile ? { key, size: found.size, modified: found.mtime ?? new Date(0) } : undefined;
  }

  /** Writes `body` as `key` when `allowed` still says so once it is this write's turn. */
  async function swap(
    key: string,
    body: Uint8Array,
    allowed: () => Promise<boolean>,
    { useReserve = false } = {},
  ) {
    const path = pathOf(key);
    const from = await staged(body, useReserve);
    let moved = false;
    try {
      return await withLock(root, async () => {
        if (!await allowed()) return undefined;
        await inFolder(dirname(path), () => Deno.rename(from, path));
        moved = true;
        return { etag: etagOf(body) };
      });
    } finally {
      if (!moved) await unlessMissing(Deno.remove(from));
    }
  }

  return {
    url: root,
    get: (key) => explained("read", key, () => get(key)),
    put: (key, body) =>
      explained("write", key, async () => (await swap(key, body, () => Promise.resolve(true)))!),
    putIfAbsent: (key, body) =>
      explained("write", key, () => swap(key, body, async () => await stat(key) === undefined)),
    putIfMatch: (key, body, etag, options) =>
      explained("write", key, () => swap(key, body, async () => (await get(key))?.etag === etag, options)),
    moveIn: (key, path) => explained("write", key, () => takeOver(root, path, pathOf(key), sync)),
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
          // What is no object, such as an empty folder, is not the lake's.
          if (await stat(key) !== undefined) await unlessMissing(Deno.remove(pathOf(key)));
        })),
    unfinishedWrites: () => explained("list", STAGING, () => unfinishedWrites(root)),
  };
}

const etagOf = (body: Uint8Array) => createHash("sha256").update(body).digest("hex");

/** Writes a staging file, complete and on the disk. */
async function stage(root: string, body: Uint8Array, sync: boolean): Promise<string> {
  const path = join(root, STAGING, randomUUID());
  using file = await inFolder(dirname(path), () => Deno.open(path, { write: true, createNew: true }));
  try {
    await writeAll(file, path, body);
    if (sync) await file.syncData();
    return path;
  } catch (error) {
    // A disk that is full does not get emptier by halves of files.
    await unlessMissing(Deno.remove(path));
    throw error;
  }
}

/** Fills the reserve where there is none. @returns whether there is one; on a disk that is full there may be none. */
async function reserveSpace(root: string, sync: boolean): Promise<boolean> {
  const path = join(root, STAGING, RESERVE);
  if ((await unlessMissing(Deno.stat(path)))?.size === RESERVE_BYTES) return true;
  try {
    // Of random bytes, since file systems keep no space for zeros.
    await Deno.rename(await stage(root, randomBytes(RESERVE_BYTES), sync), path);
    return true;
  } catch (error) {
    if (isDiskFull(error)) return false;
    throw error;
  }
}

/**
 * Writes a staging file into the space of the reserve, which it takes.
 *
 * @param full That the disk is full, which is thrown where there is no reserve.
 */
async function stageInReserve(root: string, body: Uint8Array, full: unknown): Promise<string> {
  const path = join(root, STAGING, randomUUID());
  const taken = await unlessMissing(Deno.rename(join(root, STAGING, RESERVE), path).then(() => true));
  if (taken === undefined) throw full;
  try {
    using file = await Deno.open(path, { write: true });
    for (let written = 0; written < body.length;) written += await file.write(body.subarray(written));
    await file.syncData();
    await file.truncate(body.length);
    return path;
  } catch (error) {
    // A file system that never writes in place has space only once the reserve is gone.
    await unlessMissing(Deno.remove(path));
    if (isDiskFull(error)) return await stage(root, body, true);
    throw error;
  }
}

async function takeOver(root: string, path: string, target: string, sync: boolean): Promise<void> {
  await Deno.mkdir(dirname(target), { recursive: true });
  await takeOverFile(path, target, { staging: await stagingFolder(root), sync });
}

async function stagingFolder(root: string): Promise<string> {
  const folder = join(root, STAGING);
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}

async function withLock<T>(root: string, work: () => Promise<T>): Promise<T> {
  return await withFileLock(join(root, STAGING, LOCK), work);
}

/** The staging files; those of writes that go on are young. What has no name of ours is another program's. */
async function unfinishedWrites(root: string): Promise<UnfinishedWrite[]> {
  const found: UnfinishedWrite[] = [];
  for (
    const { name, isFile } of await unlessMissing(Array.fromAsync(Deno.readDir(join(root, STAGING)))) ?? []
  ) {
    const path = join(root, STAGING, name);
    const stat = [LOCK, RESERVE].includes(name) ? undefined : await unlessMissing(Deno.lstat(path));
    if (stat === undefined) continue;
    const ours = isFile && STAGED.test(name);
    found.push({
      name: `${STAGING}/${name}`,
      size: stat.size,
      modified: stat.mtime ?? new Date(0),
      ...(ours && { remove: async () => void await unlessMissing(Deno.remove(path)) }),
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
