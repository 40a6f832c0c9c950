import { mapConcurrently } from "shopflow/runtime/mod.ts";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { encodeJson } from "../store/json_object.ts";
import type { ObjectStat, ObjectStore } from "../store/object_store.ts";

/** A data file that a run is about to write. */
interface WrittenFile {
  key: string;
  /** Bytes. */
  size: number;
}

/**
 * The data files of a run, noted before they are written. Garbage collection deletes a file that no manifest names only
 * if such a record names it: whatever else lies in the folders of the lake was written by other programs.
 */
export interface WriteRecord {
  /** Resolves once the record names these files, too; only then may they be written. */
  add(files: WrittenFile[]): Promise<void>;
  /** Deletes the record of files that are gone. */
  remove(options?: { signal?: AbortSignal }): Promise<void>;
}

/** A stored record, with the sizes of its files in bytes by key. */
export interface StoredRecord {
  stat: ObjectStat;
  files: Map<string, number>;
}

/** Beneath it are the records. */
const WRITES = "writes/";
/** A longer record is continued in another object: each addition writes its object again. */
const FILES_PER_RECORD = 100;
const AT_ONCE = 32;

const recordShape = z.strictObject({ written: z.record(z.string(), z.number()) });
const RECORD_NAME = /^writes\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.json$/;

/** Opens the record of a run. Nothing is stored until files are added. */
export function openWriteRecord(store: ObjectStore): WriteRecord {
  const keys: string[] = [];
  let key: string | undefined;
  let noted: Record<string, number> = {};
  let turn: Promise<void> = Promise.resolve();

  async function write(files: WrittenFile[]): Promise<void> {
    for (let from = 0; from < files.length; from += FILES_PER_RECORD) {
      if (key === undefined || Object.keys(noted).length >= FILES_PER_RECORD) {
        key = `${WRITES}${randomUUID()}.json`;
        keys.push(key);
        noted = {};
      }
      for (const file of files.slice(from, from + FILES_PER_RECORD)) noted[file.key] = file.size;
      await store.put(key, encodeJson({ written: noted }));
    }
  }

  return {
    // In turn, so that an older state of the object never replaces a newer one.
    add: (files) => turn = turn.catch(() => {}).then(() => write(files)),
    async remove(options) {
      key = undefined;
      for (const key of keys.splice(0)) await store.delete(key, options);
    },
  };
}

/** The records of a lake, and the objects beside them that are none. */
export async function storedRecords(
  store: ObjectStore,
): Promise<{ records: StoredRecord[]; others: ObjectStat[] }> {
  const records: StoredRecord[] = [];
  const others: ObjectStat[] = [];
  await mapConcurrently(await store.list(WRITES), AT_ONCE, async (stat) => {
    const record = await readRecord(store, stat);
    if (record === undefined) others.push(stat);
    else records.push(record);
  });
  return { records, others };
}

/** Undefined for an object of another program; one of ours is complete. */
async function readRecord(store: ObjectStore, stat: ObjectStat): Promise<StoredRecord | undefined> {
  if (!RECORD_NAME.test(stat.key)) return undefined;
  const object = await store.get(stat.key);
  if (object === undefined) return undefined;
  try {
    const { written } = recordShape.parse(JSON.parse(new TextDecoder().decode(object.body)));
    return { stat, files: new Map(Object.entries(written)) };
  } catch {
    return undefined;
  }
}
