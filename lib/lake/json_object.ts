import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "./object_store.ts";

/** A JSON value as the bytes the lake keeps: sorted as given, indented, with a final line break. */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
}

/**
 * Reads a JSON object of the lake with its tag; undefined when it is absent.
 *
 * @throws {LakeError} when it is there but not JSON.
 */
export async function readJson<T>(
  store: ObjectStore,
  key: string,
): Promise<{ value: T; etag: string } | undefined> {
  const object = await store.get(key);
  if (object === undefined) return undefined;
  try {
    return { value: JSON.parse(new TextDecoder().decode(object.body)) as T, etag: object.etag };
  } catch (cause) {
    throw new LakeError(`${key} in the lake ${store.url} cannot be read`, {
      expected: "JSON",
      found: `${object.body.length} bytes that are not`,
      remedy: "Restore the file from a backup, or build the lake again in a new SHOPFLOW_LAKE.",
      cause,
    });
  }
}
