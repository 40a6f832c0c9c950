import { decodeJson, type ObjectStore } from "shopflow/lake/store/mod.ts";
import type { z } from "zod";

/**
 * A value as the store has it; undefined: leave it as it is. Called again, with what is there then, when another
 * writer was faster, so it must do nothing but compute.
 */
export type Change<T, R> = (value: T) => { value?: T; result: R };

/** A JSON object that several processes change by compare-and-swap. */
export interface SharedObject<T> {
  /** What was last read or written; undefined before that. It may be out of date. */
  readonly known: T | undefined;
  /** What is there now. */
  read(): Promise<T>;
  /** Changes it in one step. Changes that are asked for while one is on its way are written together. */
  update<R>(change: Change<T, R>): Promise<R>;
}

interface Waiting<T> {
  change: Change<T, unknown>;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

/**
 * @param empty What stands for an object that is not there.
 * @param shape What the object must look like; without it the caller vouches for `T`. One of another shape is a
 *   LakeError.
 */
export function sharedObject<T>(
  store: ObjectStore,
  key: string,
  empty: T,
  shape?: z.ZodType,
): SharedObject<T> {
  let seen: { value: T; etag?: string } | undefined;
  let queue: Waiting<T>[] = [];
  let writing = false;

  async function read(): Promise<{ value: T; etag?: string }> {
    const object = await store.get(key);
    if (object === undefined) return seen = { value: empty };
    // Large ones are read often, and seldom have changed.
    if (seen?.etag === object.etag) return seen;
    return seen = { value: decodeJson<T>(store, key, object, shape), etag: object.etag };
  }

  async function tryWrite(batch: Waiting<T>[], current: boolean): Promise<"written" | "look again"> {
    const before = seen ?? await read();
    let value = before.value;
    const outcomes = batch.map(({ change, resolve, reject }) => {
      try {
        const changed = change(value);
        value = changed.value ?? value;
        return () => resolve(changed.result);
      } catch (error) {
        return () => reject(error);
      }
    });
    if (value !== before.value) {
      const body = new TextEncoder().encode(JSON.stringify(value) + "\n");
      const written = before.etag === undefined
        ? await store.putIfAbsent(key, body)
        : await store.putIfMatch(key, body, before.etag);
      if (written === undefined) return "look again";
      seen = { value, etag: written.etag };
    } else if (!current) {
      // That nothing is to be changed must not be concluded from what was there a while ago.
      return "look again";
    }
    outcomes.forEach((tell) => tell());
    return "written";
  }

  async function writeAll(): Promise<void> {
    if (writing) return;
    writing = true;
    try {
      while (queue.length > 0) {
        const batch = queue;
        queue = [];
        try {
          for (
            let current = seen === undefined;
            await tryWrite(batch, current) === "look again";
            current = true
          ) {
            await read();
          }
        } catch (error) {
          // Whether the write arrived is not known: the next one looks first.
          seen = undefined;
          batch.forEach(({ reject }) => reject(error));
        }
      }
    } finally {
      writing = false;
    }
  }

  return {
    get known() {
      return seen?.value;
    },
    async read() {
      return (await read()).value;
    },
    update<R>(change: Change<T, R>) {
      return new Promise<R>((resolve, reject) => {
        queue.push({ change, resolve: resolve as (result: unknown) => void, reject });
        void writeAll();
      });
    },
  };
}
