import { z } from "zod";
import { encodeJson, readJson } from "./store/json_object.ts";
import type { ObjectStore } from "./store/object_store.ts";

const rowShape = z.object({
  /** Values of the table's key, for people. */
  key: z.string(),
  /** What is wrong. */
  values: z.array(z.object({ column: z.string(), expected: z.string(), found: z.string() })),
  /** The whole row in JSON. */
  row: z.string(),
  /** Month that the source counts the row in, where a later extract has to know it. */
  month: z.string().optional(),
});

const quarantineShape = z.object({
  table: z.string(),
  /** The extract that found the rows so. */
  run: z.string(),
  extractedAt: z.string(),
  rows: z.array(rowShape),
});

/** Rows of a source table that the raw layer does not hold, since a value of them is wrong. */
export type RawQuarantine = z.infer<typeof quarantineShape>;

const FOLDER = "runs/extract/quarantine/";
const keyOf = (table: string) => `${FOLDER}${table}.json`;

/** Keeps the rows that an extract left out of a table, in place of those that the extract before left out. */
export async function keepRawQuarantine(store: ObjectStore, quarantine: RawQuarantine): Promise<void> {
  await store.put(keyOf(quarantine.table), encodeJson(quarantine));
}

/** The rows that the last extract of each table left out, by table; tables without such rows are not among them. */
export async function readRawQuarantine(store: ObjectStore): Promise<RawQuarantine[]> {
  const objects = await store.list(FOLDER);
  const found = await Promise.all(
    objects.map(({ key }) => readJson<RawQuarantine>(store, key, quarantineShape)),
  );
  return found.flatMap((one) => one === undefined || one.value.rows.length === 0 ? [] : one.value)
    .toSorted((a, b) => a.table < b.table ? -1 : 1);
}

/** A row that is left out, and why, in words. */
export const quarantinedText = ({ key, values }: RawQuarantine["rows"][number]): string =>
  `${key || "a row without a key"}: ${
    values.map(({ column, expected, found }) =>
      `${column} is ${JSON.stringify(found.slice(0, 60))}, expected ${expected}`
    ).join(" and ")
  }`;
