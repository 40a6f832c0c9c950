import { LakeError } from "shopflow/errors/mod.ts";

/** @throws {LakeError} when `key` is not names joined by `/`: it could leave the store. */
export function checkedKey(key: string): string {
  if (isKey(key)) return key;
  throw new LakeError("Invalid key", {
    expected: "names joined by /, none empty or starting with a dot",
    found: JSON.stringify(key),
  });
}

/** @throws {LakeError} when no key can start with `prefix`; the empty prefix is that of all. */
export function checkedPrefix(prefix: string): string {
  const names = prefix.split("/");
  const last = names.pop() ?? "";
  if (names.every(isName) && (last === "" || isName(last))) return prefix;
  throw new LakeError("Invalid prefix of a key", {
    expected: "names joined by /, none empty or starting with a dot",
    found: JSON.stringify(prefix),
  });
}

/** Whether `key` is names joined by `/`. */
export const isKey = (key: string) => key.split("/").every(isName);

const isName = (name: string) => name !== "" && !name.startsWith(".") && !name.includes("\\");

/** What a store knows of an object without reading it. */
export interface ObjectStat {
  key: string;
  /** Bytes. */
  size: number;
  modified: Date;
}

/** An object's bytes with the tag that a conditional write compares. */
export interface StoredObject {
  body: Uint8Array<ArrayBuffer>;
  etag: string;
}

/** What a write that was killed left behind: not an object, but bytes in the store. */
export interface UnfinishedWrite {
  /** For messages. */
  name: string;
  /** Bytes. */
  size: number;
  modified: Date;
  /** Absent where another program began it, which may go on. */
  remove?(): Promise<void>;
}

/** A write of this lake that was killed, or goes on. */
export type OwnUnfinishedWrite = UnfinishedWrite & Required<Pick<UnfinishedWrite, "remove">>;

/**
 * The one interface to the lake's files. Keys are `/`-separated paths without a leading slash. A write is
 * visible complete or not at all.
 */
export interface ObjectStore {
  /** Where the store is, for messages. */
  readonly url: string;
  /** Undefined when there is no such object. */
  get(key: string): Promise<StoredObject | undefined>;
  put(key: string, body: Uint8Array): Promise<{ etag: string }>;
  /** Undefined when the object exists already; then nothing is written. */
  putIfAbsent(key: string, body: Uint8Array): Promise<{ etag: string } | undefined>;
  /**
   * Undefined when the object is absent or its tag is not `etag`; then nothing is written.
   *
   * @param options.useReserve Where the disk is full, take the space that the store has reserved: for what frees space.
   */
  putIfMatch(
    key: string,
    body: Uint8Array,
    etag: string,
    options?: { useReserve?: boolean },
  ): Promise<{ etag: string } | undefined>;
  /** Takes over a local file, for data too large for memory; the local file is gone afterwards. */
  moveIn(key: string, path: string): Promise<void>;
  /** A local path with the object's content, which must be one that is never overwritten. */
  localPath(key: string): Promise<string>;
  stat(key: string): Promise<ObjectStat | undefined>;
  /** Objects whose key starts with `prefix`, sorted by key. */
  list(prefix: string): Promise<ObjectStat[]>;
  /**
   * Deleting what is absent is no error.
   *
   * @param options.signal Once it is aborted no more requests are made, and its reason is thrown.
   */
  delete(key: string, options?: { signal?: AbortSignal }): Promise<void>;
  /** Those in progress are among them, so look at their age. Absent in a store that leaves none. */
  unfinishedWrites?(): Promise<UnfinishedWrite[]>;
}
