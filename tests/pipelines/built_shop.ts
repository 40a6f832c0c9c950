import { loadConfig } from "shopflow/config/mod.ts";
import { type OpenSnapshot, openSnapshot, type Row } from "shopflow/warehouse/mod.ts";
import { createContext, type PipelineContext } from "../../pipelines/context.ts";
import { createTransform } from "../../pipelines/transform.ts";
import { writeRawShop } from "../fixtures/raw_shop.ts";
import { emptyShop, type ShopRows } from "../fixtures/small_shop.ts";
import { stillRuntime } from "../lib/warehouse/small_project.ts";

/** Runs `body` with a context whose lake is new and removed afterwards. */
export async function withLake(body: (context: PipelineContext) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "shopflow_transform_" });
  try {
    await body(createContext(loadConfig({ SHOPFLOW_HOME: home }), stillRuntime().runtime));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** A curated shop to ask questions. */
export interface BuiltShop extends OpenSnapshot {
  /** The row of data_quality of a rule: how many rows it hit and how much money they carry. */
  quality(sourceTable: string, rule: string): Promise<Row>;
}

/** Builds the star schema of the given raw rows (other tables are empty) and hands it to `body`. */
export async function withBuiltShop(
  rows: Partial<ShopRows>,
  body: (shop: BuiltShop) => Promise<void>,
): Promise<void> {
  await withLake(async (context) => {
    await writeRawShop(context.store, { ...emptyShop(), ...rows });
    await createTransform({ threads: 1 })(context);
    using session = await openSnapshot(context.store, undefined, { threads: 1 });
    const quality = async (sourceTable: string, rule: string) => {
      const found = await session.rows(
        `SELECT action, "rows", amount FROM data_quality WHERE source_table = $1 AND rule = $2`,
        [sourceTable, rule],
      );
      if (found.length !== 1) {
        throw new Error(`${found.length} rows of data_quality for ${sourceTable} ${rule}`);
      }
      return found[0]!;
    };
    await body({ ...session, quality });
  });
}
