import { type ErrorDetails, LakeError, type ShopFlowError } from "shopflow/errors/mod.ts";
import { backoffMs, delay } from "shopflow/runtime/mod.ts";
import type { z } from "zod";
import type { ObjectStore, StoredObject } from "./object_store.ts";
import { createHash } from "node:crypto";

/** A JSON value as the bytes the lake keeps: sorted as given, indented, with a final line break. */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
}

/**
 * Writes a JSON object in the place of the one that was read as `before`, undefined where there was none.
 *
 * @returns its tag, or undefined when another writer was faster; then nothing is written.
 */
export function swapJson(
  store: ObjectStore,
  key: string,
  value: unknown,
  before: { etag: string } | undefined,
  options?: { useReserve?: boolean },
): Promise<{ etag: string } | undefined> {
  const body = encodeJson(value);
  return before === undefined
    ? store.putIfAbsent(key, body)
    : store.putIfMatch(key, body, before.etag, options);
}

/** Attempts of {@linkcode updateJson} before it gives up. */
const UPDATE_ATTEMPTS = 20;

/**
 * Changes a JSON object by compare-and-swap: it is read, changed and written, again when another writer was faster.
 *
 * @param change Given the value, undefined where there is none; the value to write, or undefined to leave it. It may
 *   throw to give up.
 * @param options.shape What the value must look like; without it the caller vouches for `T`.
 * @param options.read Reads the value, for one that may have to be waited for.
 * @returns what is there now with its tag, and what was there before.
 * @throws {LakeError} when other writers are faster time and again.
 */
export async function updateJson<T>(
  store: ObjectStore,
  key: string,
  change: (value: T | undefined) => T | undefined | Promise<T | undefined>,
  { shape, useReserve = false, read = () => readJson<T>(store, key, shape), wait = delay }: {
    shape?: z.ZodType;
    useReserve?: boolean;
    read?: () => Promise<{ value: T; etag: string } | undefined>;
    wait?: (milliseconds: number) => Promise<void>;
  } = {},
): Promise<{ now: T | undefined; before: T | undefined; etag: string | undefined }> {
  for (let attempt = 1;; attempt++) {
    const before = await read();
    const next = await change(before?.value);
    if (next === undefined) return { now: before?.value, before: before?.value, etag: before?.etag };
    const written = await swapJson(store, key, next, before, { useReserve });
    if (written !== undefined) return { now: next, before: before?.value, etag: written.etag };
    if (attempt === UPDATE_ATTEMPTS) {
      throw new LakeError(`${key} in the lake ${store.url} could not be written`, {
        expected: "an attempt without another writer in between",
        found: `${UPDATE_ATTEMPTS} attempts, each of which collided with another writer`,
        remedy: "Run the command again.",
      });
    }
    await wait(backoffMs({ firstDelayMs: 10, maxDelayMs: 500 }, attempt));
  }
}

/**
 * Reads a JSON object of the lake with its tag; undefined when it is absent.
 *
 * @param shape What it must look like; without it the caller vouches for `T`.
 * @throws {LakeError} when it is there but not JSON, or of another shape.
 */
export async function readJson<T>(
  store: ObjectStore,
  key: string,
  shape?: z.ZodType,
): Promise<{ value: T; etag: string } | undefined> {
  const object = await store.get(key);
  return object && { value: decodeJson<T>(store, key, object, shape), etag: object.etag };
}

/** What an object of the lake holds, see {@linkcode readJson}. */
export function decodeJson<T>(store: ObjectStore, key: string, object: StoredObject, shape?: z.ZodType): T {
  const unreadable = (expected: string, found: string, cause: unknown) =>
    new LakeError(`${key} in the lake ${store.url} cannot be read`, {
      expected,
      found,
      remedy: "Restore the file from a backup, or build the lake again in a new SHOPFLOW_LAKE.",
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(object.body));
  } catch (cause) {
    throw unreadable("JSON", `${object.body.length} bytes that are not`, cause);
  }
  const problem = shape?.safeParse(value).error?.issues[0];
  if (problem === undefined) return value as T;
  throw unreadable(
    "what this version of ShopFlow writes there",
    `${problem.path.join(".")}: ${problem.message}`,
    problem,
  );
}

/** Field of a sealed object that holds the SHA-256 of the rest. */
const SEAL = "seal";

/** What the seal is compared with. */
interface SealOptions {
  /** What the object must look like; without it the caller vouches for `T`. */
  shape?: z.ZodType;
  /** What to do about an object that was changed. */
  remedy: string;
  /** Error to throw for one; default {@linkcode LakeError}. */
  errorType?: new (problem: string, details: ErrorDetails) => ShopFlowError;
}

/**
 * A JSON object with the hash of its content, so that a change made outside of ShopFlow (a bit that flipped, a hand
 * that slipped) is noticed when it is read. Layout and line breaks do not count.
 */
export function sealed<T extends object>(value: T): T & { [SEAL]: string } {
  return { ...value, [SEAL]: hashOf(value) };
}

/** {@linkcode sealed} as the bytes that the lake keeps. */
export function encodeSealedJson(value: object): Uint8Array {
  return encodeJson(sealed(value));
}

/**
 * Reads a sealed JSON object with its tag; undefined when it is absent.
 *
 * @throws {ShopFlowError} when it was changed since it was written, or carries no hash.
 */
export async function readSealedJson<T extends object>(
  store: ObjectStore,
  key: string,
  { shape, remedy, errorType = LakeError }: SealOptions,
): Promise<{ value: T; etag: string } | undefined> {
  const object = await readJson<T & { [SEAL]?: string }>(store, key);
  if (object === undefined) return undefined;
  const { [SEAL]: expected, ...rest } = object.value;
  const value = rest as unknown as T;
  const found = hashOf(value);
  if (expected !== found) {
    throw new errorType(`${key} in the lake ${store.url} was changed since it was written`, {
      expected: expected === undefined ? "a hash of its content (its field seal)" : `sha256 ${expected}`,
      found: expected === undefined ? "none" : `sha256 ${found}`,
      remedy,
    });
  }
  const problem = shape?.safeParse(value).error?.issues[0];
  if (problem === undefined) return { value, etag: object.etag };
  throw new errorType(`${key} in the lake ${store.url} cannot be read`, {
    expected: "what this version of ShopFlow writes there",
    found: `${problem.path.join(".")}: ${problem.message}`,
    remedy,
  });
}

/** As JSON that was written and read again has it: without undefined fields. */
const hashOf = (value: object) => createHash("sha256").update(JSON.stringify(value)).digest("hex");
