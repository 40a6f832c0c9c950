import {
  isWhole,
  type ObjectStore,
  type RawExtract,
  type RawFile,
  type RawTable,
} from "shopflow/lake/mod.ts";
import type { Logger } from "shopflow/runtime/mod.ts";

/** The raw tables without files that are no longer in the store. */
export interface PresentTables {
  tables: Record<string, RawTable>;
  /** Tables that lost a file: what it held has to be found by comparing all rows. */
  damaged: Set<string>;
}

/**
 * Looks for the files that the last extract lists.
 *
 * @param options.verify Read them too: one with other bytes than were written counts as lost.
 */
export async function presentTables(
  store: ObjectStore,
  before: RawExtract | undefined,
  log: Logger,
  { verify }: { verify: boolean },
): Promise<PresentTables> {
  const tables: Record<string, RawTable> = {};
  const damaged = new Set<string>();
  for (const [name, table] of Object.entries(before?.tables ?? {})) {
    const listed = new Set((await store.list(`raw/${name}/`)).map(({ key }) => key));
    const files: RawFile[] = [];
    for (const file of table.files) {
      if (listed.has(file.key) && (!verify || await isWhole(store, file))) files.push(file);
      else log.warn(`${file.key} of the lake is lost; ${name} is compared whole and written again.`);
    }
    if (files.length < table.files.length) damaged.add(name);
    if (files.length > 0) tables[name] = { ...table, files };
  }
  return { tables, damaged };
}
