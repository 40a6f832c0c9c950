import { type ObjectStat, type ObjectStore, readJson } from "shopflow/lake/mod.ts";
import { pageKey, partIn } from "./ledger_keys.ts";
import { pageForm } from "./page_head.ts";

/**
 * Parts of pages that no page names: their writer died before it could say where they are, or after their slots
 * had gone into a larger part.
 *
 * @param objects What lies beneath {@linkcode JOBS}.
 * @param before Only those that were written before this time; younger ones may be about to be named.
 * @throws {LakeError} for a page that cannot be read: what it names is not known.
 */
export async function strayParts(
  store: ObjectStore,
  objects: ObjectStat[],
  before: Date,
): Promise<ObjectStat[]> {
  const named = new Map<string, Promise<Set<string>>>();
  const isStray = async ({ key, modified }: ObjectStat) => {
    const part = partIn(key);
    if (part === undefined || modified >= before) return false;
    const page = pageKey(part.job, part.day);
    if (!named.has(page)) named.set(page, partsNamedBy(store, page));
    return !(await named.get(page)!).has(part.id);
  };
  const found = await Promise.all(objects.map(isStray));
  return objects.filter((_, i) => found[i]);
}

async function partsNamedBy(store: ObjectStore, page: string): Promise<Set<string>> {
  const stored = (await readJson<unknown>(store, page))?.value;
  return new Set(stored === undefined ? [] : pageForm(page).decode(stored).parts.map(({ id }) => id));
}
