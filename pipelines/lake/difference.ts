import { compareSnapshots, type Manifest, type ObjectStore, refuseDamaged } from "shopflow/lake/mod.ts";
import { compareRows, mayBeDamage, openSession, type SqlProject } from "shopflow/warehouse/mod.ts";
import type { Difference } from "./difference_text.ts";

/**
 * Compares two snapshots: tables, columns and files by their manifests, and rows by the grain that the project's
 * schema files give a table.
 *
 * @throws {LakeError} that names a file whose bytes were damaged.
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
    try {
      const rows = await compareRows(session, store, difference, manifests, grain);
      differences.push({ ...difference, ...(rows && { rows }) });
    } catch (cause) {
      const files = [...difference.filesRemoved, ...difference.filesAdded];
      const remedy = "Compare other snapshots, or restore the file from a backup.";
      if (mayBeDamage(cause)) await refuseDamaged(store, files, { remedy, cause });
      throw cause;
    }
  }
  return differences;
}
