import { z } from "zod";
import { encodeJson, readJson } from "./json_object.ts";
import type { ObjectStore } from "./object_store.ts";

/** How far a source table was read. */
export interface Watermark {
  /** The highest value of the watched column, none where all rows are compared every time. */
  value?: string;
  /** When the whole table was last compared (ISO 8601). */
  comparedAt: string;
  /** Which table of the database was read: one that was dropped and made anew is another. */
  sourceTable?: string;
}

/** How far the sources were read, as `watermarks/extract.json` says. */
export interface Watermarks {
  /** The sources that this is about: those of another shop say nothing about this one. */
  source: string;
  tables: Record<string, Watermark>;
}

/** Beneath it are the watermarks. */
export const WATERMARKS = "watermarks/";
/** Key of the watermarks of the extract. */
export const WATERMARKS_KEY = `${WATERMARKS}extract.json`;

const shape = z.looseObject({
  source: z.string(),
  tables: z.record(z.string(), z.looseObject({ comparedAt: z.string() })),
});

/** The watermarks of the last extract that was published, or undefined when there was none. */
export async function readWatermarks(store: ObjectStore): Promise<Watermarks | undefined> {
  return (await readJson<Watermarks>(store, WATERMARKS_KEY, shape))?.value;
}

/** Moves the watermarks; the rows up to them must be published already. */
export async function moveWatermarks(store: ObjectStore, watermarks: Watermarks): Promise<void> {
  await store.put(WATERMARKS_KEY, encodeJson(watermarks));
}
