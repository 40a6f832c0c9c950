import { GetObjectCommand } from "@aws-sdk/client-s3";
import { writeAll } from "shopflow/runtime/mod.ts";
import { createHash, randomUUID } from "node:crypto";
import type { Attempt, S3Bucket } from "./client.ts";
import { BrokenTransfer, required } from "./failures.ts";
import { join, resolve } from "node:path";
import { reachDisk, takeOverFile, withFileLock } from "../local_file.ts";
import type { OwnUnfinishedWrite } from "../object_store.ts";
import { unlessMissing } from "../directory_store.ts";

/** What `HeadObject` says of an object. */
export interface S3Object {
  etag: string;
  /** Bytes. */
  size: number;
  modified: Date;
  /** Undefined for an object that ShopFlow did not write. */
  sha256: string | undefined;
}

/** Reads an object into memory. */
export function readObject(
  bucket: S3Bucket,
  key: string,
): Promise<{ body: Uint8Array<ArrayBuffer>; etag: string }> {
  return bucket.request(async (client, attempt) => {
    const get = new GetObjectCommand({ Bucket: bucket.location.bucket, Key: bucket.keyOf(key) });
    const answer = await client.send(get, { abortSignal: attempt.signal });
    const body = new Uint8Array(required(answer.ContentLength, "ContentLength"));
    let size = 0;
    for await (const chunk of chunksOf(required(answer.Body, "body").transformToWebStream(), attempt)) {
      if (size + chunk.length <= body.length) body.set(chunk, size);
      size += chunk.length;
    }
    checkSize(key, size, body.length);
    checkHash(key, createHash("sha256").update(body).digest("hex"), answer.Metadata?.sha256);
    return { body, etag: required(answer.ETag, "ETag") };
  });
}

/** Copies an object, as it was when it was looked at, to a local file; other bytes than those are refused. */
export function downloadObject(bucket: S3Bucket, key: string, object: S3Object, path: string): Promise<void> {
  return bucket.request(async (client, attempt) => {
    const get = new GetObjectCommand({
      Bucket: bucket.location.bucket,
      Key: bucket.keyOf(key),
      IfMatch: object.etag,
    });
    const answer = await client.send(get, { abortSignal: attempt.signal });
    using file = await Deno.open(path, { write: true, create: true, truncate: true });
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of chunksOf(required(answer.Body, "body").transformToWebStream(), attempt)) {
      await writeAll(file, path, chunk);
      hash.update(chunk);
      size += chunk.length;
    }
    checkSize(key, size, object.size);
    checkHash(key, hash.digest("hex"), object.sha256);
  });
}

async function* chunksOf(stream: ReadableStream, { signal, progress }: Attempt): AsyncGenerator<Uint8Array> {
  const stalled = Promise.withResolvers<never>();
  // Where nobody waits for the next chunk at that moment, the signal is looked at before the next one.
  stalled.promise.catch(() => {});
  const giveUp = () => stalled.reject(signal.reason);
  signal.addEventListener("abort", giveUp);
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.getReader();
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await Promise.race([reader.read(), stalled.promise]);
      if (done) return;
      progress();
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", giveUp);
    // Closes the connection of a body that was not read to its end.
    reader.cancel().catch(() => {});
  }
}

function checkSize(key: string, found: number, expected: number): void {
  if (found !== expected) throw new BrokenTransfer(`${key} came with ${found} of ${expected} bytes`);
}

/** @param expected Undefined for an object that ShopFlow did not write. */
function checkHash(key: string, found: string, expected: string | undefined): void {
  if (expected === undefined || found === expected) return;
  throw new BrokenTransfer(`${key} came with the hash ${found} instead of ${expected}`);
}

/** Where copies of a remote store's files lie, and how much space they get. */
export interface ReadCacheOptions {
  folder: string;
  /** Bytes that the copies may take together; those in use stay even beyond it. */
  maxBytes: number;
  /**
   * How long a file counts as in use after its path was handed out, in milliseconds, default an hour: DuckDB opens a
   * view's files at every query, so a file that a session looks at must not go.
   */
  inUseMs?: number;
  now?: () => number;
}

/**
 * Local copies of immutable content, each under a name that stands for its content. Several processes may share
 * the folder: a copy is written under a temporary name and renamed, and finding and evicting take turns.
 */
interface ReadCache {
  /** Path of the copy called `name`, if it is here with that many bytes. */
  find(name: string, size: number): Promise<string | undefined>;
  /** Path of the copy called `name`; `fetch` writes it where it is not here yet. */
  findOrFetch(name: string, size: number, fetch: (path: string) => Promise<void>): Promise<string>;
  /** Takes over a local file as the copy called `name`. */
  takeOver(name: string, path: string): Promise<void>;
  /** Copies that are being fetched, or whose fetching was killed. */
  unfinished(): Promise<OwnUnfinishedWrite[]>;
}

const INCOMING = ".incoming";
/** Names of copies, by content: what is called otherwise is not the cache's and stays. */
const COPY = /^[0-9a-f]{64}(\..*)?$/;
/** Names of copies on their way: UUIDs. */
const COMING = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HOUR_MS = 3_600_000;
/** What is in the incoming folder for longer was left by a process that died. */
const ABANDONED_MS = 24 * HOUR_MS;

/**
 * A cache in a folder, which is made when it is needed first. Whenever a copy comes, those whose use lies longest back go
 * until the rest fits; what `fetch` throws is passed on, and nothing is kept of it.
 */
export function createReadCache(options: ReadCacheOptions): ReadCache {
  const { maxBytes, inUseMs = HOUR_MS, now = Date.now } = options;
  const root = resolve(options.folder);
  const incoming = join(root, INCOMING);
  const pathOf = (name: string) => join(root, name);
  const fetching = new Map<string, Promise<string>>();
  const inTurn = async <T>(work: () => Promise<T>) => {
    await Deno.mkdir(incoming, { recursive: true });
    return await withFileLock(join(root, ".lock"), work);
  };

  const markUsed = (path: string) => Deno.utime(path, now() / 1000, now() / 1000);

  const find = (name: string, size: number) =>
    inTurn(async () => {
      const path = pathOf(name);
      if ((await unlessMissing(Deno.stat(path)))?.size !== size) return undefined;
      await markUsed(path);
      return path;
    });

  async function takeOver(name: string, path: string): Promise<void> {
    await inTurn(async () => {
      await takeOverFile(path, pathOf(name), { staging: incoming });
      await markUsed(pathOf(name));
      await evict();
    });
  }

  async function fetchInto(name: string, fetch: (path: string) => Promise<void>): Promise<string> {
    await Deno.mkdir(incoming, { recursive: true });
    const path = join(incoming, randomUUID());
    try {
      await fetch(path);
      await reachDisk(path);
      await takeOver(name, path);
    } finally {
      await unlessMissing(Deno.remove(path));
    }
    return pathOf(name);
  }

  /** Removes the copies whose use lies longest back until the rest fits. */
  async function evict(): Promise<void> {
    const copies = await filesIn(root, COPY);
    let total = copies.reduce((sum, { size }) => sum + size, 0);
    const evictable = copies.filter(({ used }) => now() - used >= inUseMs).sort((a, b) => a.used - b.used);
    for (const { path, size } of evictable) {
      if (total <= maxBytes) break;
      await unlessMissing(Deno.remove(path));
      total -= size;
    }
    for (const { path, used } of await filesIn(incoming, COMING)) {
      if (now() - used >= ABANDONED_MS) await unlessMissing(Deno.remove(path));
    }
  }

  return {
    find,
    takeOver,
    async unfinished() {
      return (await filesIn(incoming, COMING)).map(({ path, size, used }) => ({
        name: path,
        size,
        modified: new Date(used),
        remove: async () => void await unlessMissing(Deno.remove(path)),
      }));
    },
    async findOrFetch(name, size, fetch) {
      const found = await find(name, size);
      if (found !== undefined) return found;
      const underWay = fetching.get(name) ?? fetchInto(name, fetch).finally(() => fetching.delete(name));
      fetching.set(name, underWay);
      return await underWay;
    },
  };
}

async function filesIn(
  folder: string,
  names: RegExp,
): Promise<{ path: string; size: number; used: number }[]> {
  const files: { path: string; size: number; used: number }[] = [];
  const entries = await unlessMissing(Array.fromAsync(Deno.readDir(folder)));
  for (const entry of entries ?? []) {
    if (!entry.isFile || !names.test(entry.name)) continue;
    const path = join(folder, entry.name);
    const stat = await unlessMissing(Deno.stat(path));
    if (stat) files.push({ path, size: stat.size, used: stat.mtime?.getTime() ?? 0 });
  }
  return files;
}
