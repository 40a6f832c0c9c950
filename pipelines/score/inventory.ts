import { DEMAND_WINDOW_DAYS, planShopInventory } from "shopflow/business/mod.ts";
import { DEFAULT_INVENTORY_PARAMETERS, type PlannedPosition } from "shopflow/models/mod.ts";
import { currentScores, upToDateScores } from "shopflow/registry/mod.ts";
import { codeVersion } from "shopflow/runtime/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Pipeline } from "../context.ts";
import { PLAN_COLUMNS } from "./inventory_columns.ts";
import { publishScoreRows } from "./score_file.ts";

const CODE = ["../../lib/features", "../../lib/models", "../../lib/business", "."];
/** As-of date of the plan of a shop that counts no stock; that plan has no rows. */
const NEVER = "1970-01-01";

/**
 * Plans the inventory of every product and warehouse from the current snapshot and publishes it as the score
 * table `inventory_plan`, which is empty where stock is not counted.
 */
export const scoreInventory: Pipeline = async (context) => {
  const { store, runtime, force } = context;
  // Read before the snapshot: a plan published after this moment may be of a newer one.
  const replaces = (await currentScores(store, "inventory_plan"))?.key ?? null;
  using snapshot = await openSnapshot(store);
  const parameters = DEFAULT_INVENTORY_PARAMETERS;
  const code = await codeVersion(CODE.map((folder) => join(import.meta.dirname!, folder)));
  const version = createHash("sha256").update(JSON.stringify([parameters, DEMAND_WINDOW_DAYS, code]))
    .digest("hex").slice(0, 12);
  const made = { snapshot: snapshot.manifest.id, modelVersion: version };
  const before = await upToDateScores(store, "inventory_plan", made);
  if (before !== undefined && !force) {
    return { status: "unchanged", summary: `the plan of ${before.rows} positions is up to date` };
  }

  const bar = runtime.progress.start("plan inventory", 0);
  const { asOf, plan } = await planShopInventory(snapshot, parameters) ?? { asOf: NEVER, plan: [] };
  await publishScoreRows(
    context,
    {
      name: "inventory_plan",
      scoredAt: runtime.now().toISOString(),
      ...made,
      asOf,
    },
    PLAN_COLUMNS.map(({ name, type }) => [name, type] as const),
    plan.map((position, i) => PLAN_COLUMNS.map(({ value }) => value(position, { asOf, parameters }, i + 1))),
    { replaces },
  );
  const summary = summaryOf(plan);
  bar.finish(summary);
  return { status: "done", summary };
};

function summaryOf(plan: PlannedPosition[]): string {
  if (plan.length === 0) return "no stock counts in the source: the plan is empty";
  const toOrder = plan.filter(({ action }) => action === "order now").length;
  const stockouts = plan.filter(({ isStockout }) => isStockout).length;
  const overstock = plan.filter(({ isOverstock }) => isOverstock).length;
  return `${plan.length} positions: ${toOrder} to order, ${stockouts} out of stock, ${overstock} overstocked`;
}
