import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStat, ObjectStore } from "./object_store.ts";
import type { Config } from "shopflow/config/mod.ts";
import { createLogger, formatDuration, isLogged, type Logger } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { isAbsolute, join, relative } from "node:path";
import { createDirectoryStore, unlessMissing } from "./directory_store.ts";
import { guardPresence } from "./presence.ts";
import { isS3Url } from "./s3/failures.ts";

/**
 * A store that shows the objects of `base` and keeps what is written to it in `top`, so that a run can be tried out
 * on a lake without changing it. Nothing can be deleted.
 */
export function createOverlayStore(base: ObjectStore, top: ObjectStore): ObjectStore {
  const stat = async (key: string) => await top.stat(key) ?? await base.stat(key);
  return {
    url: base.url,
    get: async (key) => await top.get(key) ?? await base.get(key),
    put: (key, body) => top.put(key, body),
    putIfAbsent: async (key, body) => await base.stat(key) ? undefined : await top.putIfAbsent(key, body),
    async putIfMatch(key, body, etag) {
      if (await top.stat(key)) return await top.putIfMatch(key, body, etag);
      return (await base.get(key))?.etag === etag ? await top.putIfAbsent(key, body) : undefined;
    },
    moveIn: (key, path) => top.moveIn(key, path),
    localPath: async (key) => await top.stat(key) ? await top.localPath(key) : await base.localPath(key),
    stat,
    async list(prefix) {
      const found = new Map<string, ObjectStat>();
      for (const store of [base, top]) {
        for (const object of await store.list(prefix)) found.set(object.key, object);
      }
      return [...found.values()].sort((a, b) => a.key < b.key ? -1 : 1);
    },
    delete(key) {
      return Promise.reject(
        new LakeError("Nothing can be deleted from a dry run's view of the lake", { found: key }),
      );
    },
  };
}

/** The same store for reading: every change is refused. */
export function readOnlyStore(store: ObjectStore): ObjectStore {
  const refuse = (key: string) =>
    Promise.reject(
      new LakeError(`${key} of the lake ${store.url} cannot be changed here`, {
        expected: "reading only",
        remedy: "Promote the code into a pipeline that writes it.",
      }),
    );
  const { unfinishedWrites: _, ...readable } = store;
  return {
    ...readable,
    put: refuse,
    putIfAbsent: refuse,
    putIfMatch: refuse,
    moveIn: refuse,
    delete: refuse,
  };
}

/** The settings that say where the lake is. */
export type LakeConfig = Pick<Config, "home" | "lakeUrl" | "cacheBytes">;

/** A name that no other program uses: `SHOPFLOW_HOME` may be a folder that has a `cache` already, as `/var` has. */
const CACHE = join("cache", "shopflow_lake");

/**
 * Opens the lake's home: a folder, or a bucket in S3 with its read cache under `SHOPFLOW_HOME`. A lake that was there
 * when it was opened from this `SHOPFLOW_HOME` before, and is not now, is an error of whatever is done next.
 */
export function openStore(
  { home, lakeUrl, cacheBytes }: LakeConfig,
  env: Record<string, string | undefined> = Deno.env.toObject(),
): ObjectStore {
  const store = isS3Url(lakeUrl)
    ? loadedWhenUsed(lakeUrl, async () => {
      const { createS3Store } = await import("./s3/s3_store.ts");
      return createS3Store(lakeUrl, { env, cache: { folder: join(home, CACHE), maxBytes: cacheBytes } });
    })
    : createDirectoryStore(lakeUrl);
  const requests = isLogged("debug") ? logRequests(store, createLogger()) : store;
  return guardKnownLake(requests, home);
}

/** The same store; each of its requests is a debug line with its duration. */
function logRequests(store: ObjectStore, log: Pick<Logger, "debug">): ObjectStore {
  const timed =
    (name: string, request: (...parameters: unknown[]) => unknown) => async (...parameters: unknown[]) => {
      const started = performance.now();
      const what = `object store: ${
        [name, ...parameters.filter((value) => typeof value === "string")].join(" ")
      }`;
      const tell = (outcome: string) =>
        log.debug(`${what}: ${outcome}${formatDuration(performance.now() - started)}`);
      try {
        const result = await request.apply(store, parameters);
        tell("");
        return result;
      } catch (error) {
        tell("failed after ");
        throw error;
      }
    };
  const members = Object.entries(store).map(([name, member]) =>
    [name, typeof member === "function" ? timed(name, member) : member] as const
  );
  return Object.fromEntries(members) as unknown as ObjectStore;
}

/** A store whose code is loaded at its first use: Amazon's SDK takes 0.4 s, which a lake in a folder need not wait. */
function loadedWhenUsed(url: string, load: () => Promise<ObjectStore>): ObjectStore {
  let loading: Promise<ObjectStore> | undefined;
  const store = () => loading ??= load();
  return {
    url,
    get: async (key) => (await store()).get(key),
    put: async (key, body) => (await store()).put(key, body),
    putIfAbsent: async (key, body) => (await store()).putIfAbsent(key, body),
    putIfMatch: async (key, body, etag, options) => (await store()).putIfMatch(key, body, etag, options),
    moveIn: async (key, path) => (await store()).moveIn(key, path),
    localPath: async (key) => (await store()).localPath(key),
    stat: async (key) => (await store()).stat(key),
    list: async (prefix) => (await store()).list(prefix),
    delete: async (key, options) => (await store()).delete(key, options),
    unfinishedWrites: async () => await (await store()).unfinishedWrites?.() ?? [],
  };
}

/** A request more for every object of a bucket that is absent would be many: one a second is enough. */
const TRUST_BUCKET_MS = 1000;

/**
 * The same store, guarded by {@linkcode guardPresence} also from one program to the next: the first that sees a pointer
 * notes it in a file under `home`, so that a later one does not take a folder whose disk is not mounted for a new lake.
 * A lake inside of `home` comes and goes with it, so nothing is noted of it.
 */
function guardKnownLake(store: ObjectStore, home: string): ObjectStore {
  const { url } = store;
  const isOutside = isS3Url(url) || isOutsideOf(home, url);
  const trustMs = isS3Url(url) ? TRUST_BUCKET_MS : 0;
  if (!isOutside) return guardPresence(store, { trustMs });
  const name = createHash("sha256").update(url).digest("hex").slice(0, 16);
  const file = join(home, "lakes", `${name}.json`);
  return guardPresence(store, {
    trustMs,
    known: () => readNote(file),
    onFirstSeen: (pointer) => writeNote(join(home, "lakes"), file, { lake: url, pointer }),
    remedy: ` If it was deleted on purpose, delete ${file} and run the command again.`,
  });
}

function isOutsideOf(folder: string, path: string): boolean {
  const way = relative(folder, path);
  // Of another drive of Windows.
  return way.startsWith("..") || isAbsolute(way);
}

async function readNote(file: string): Promise<string[]> {
  const text = await unlessMissing(Deno.readTextFile(file));
  if (text === undefined) return [];
  try {
    const { pointer } = JSON.parse(text);
    return typeof pointer === "string" ? [pointer] : [];
  } catch {
    // What was torn is written again with the next pointer that is seen.
    return [];
  }
}

async function writeNote(
  folder: string,
  file: string,
  note: { lake: string; pointer: string },
): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(file, JSON.stringify(note, null, 2) + "\n");
  } catch (error) {
    // A home that cannot be written, such as a server's on a read-only disk, remembers nothing; the lake is there.
    const { PermissionDenied, NotCapable } = Deno.errors;
    const refused = error instanceof PermissionDenied || error instanceof NotCapable ||
      ["EROFS", "ENOSPC"].includes((error as { code?: string }).code ?? "");
    if (!refused) throw error;
  }
}
