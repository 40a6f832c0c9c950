import type { Manifest, ObjectStore } from "shopflow/lake/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { columnSlices } from "./column_slices.ts";

export interface Product {
  name: string;
  category: string | null;
}

/** What the server knows of one snapshot: which customers and products exist. */
export interface Catalogue {
  manifest: Manifest;
  customers: ReadonlySet<string>;
  products: ReadonlyMap<string, Product>;
}

/** @throws {LakeError} when a file of the snapshot is missing. */
export async function loadCatalogue(store: ObjectStore, snapshotId: string): Promise<Catalogue> {
  using snapshot = await openSnapshot(store, snapshotId, {
    threads: 1,
    tables: ["dim_customers", "dim_products"],
  });
  const customers = new Set<string>();
  for await (
    const slice of columnSlices(
      snapshot,
      "SELECT customer_id FROM dim_customers WHERE is_current AND customer_id <> 'UNKNOWN'",
    )
  ) {
    for (const id of slice.customer_id as string[]) customers.add(id);
  }
  const products = new Map<string, Product>();
  const rows = columnSlices(
    snapshot,
    "SELECT product_id, product_name, category FROM dim_products WHERE is_current",
  );
  for await (const { product_id, product_name, category } of rows) {
    for (const [i, id] of (product_id as string[]).entries()) {
      products.set(id, {
        name: (product_name as (string | null)[])[i] ?? id,
        category: (category as (string | null)[])[i] ?? null,
      });
    }
  }
  return { manifest: snapshot.manifest, customers, products };
}
