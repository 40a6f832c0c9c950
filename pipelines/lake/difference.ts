import { compareSnapshots, type Manifest, type ObjectStore } from "shopflow/lake/mod.ts";
import { compareRows, openSession, type SqlProject } from "shopflow/warehouse/mod.ts";
import type { Difference } from "./difference_text.ts";

/**
 * Compares two snapshots: tables, columns and files by their manifests, and rows by the grain that the project's
 * schema files give a table.
 */
export async function differenceOf(
  store: ObjectStore,
  manifests: [Manifest, Manifest],
  project: SqlProject,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  using session = await openSession();
  for (const difference of compareSnapshots(...manifests)) {
    const grain = project.models.find(({ name }) => name === difference.table)?.doc.grain ?? [];
    const rows = await compareRows(session, store, difference, manifests, grain);
    differences.push({ ...difference, ...(rows && { rows }) });
  }
  return differences;
}
