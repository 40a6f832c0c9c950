import { loadConfig } from "shopflow/config/mod.ts";
import { loadSqlProject, openSession, type Session, sqlName } from "shopflow/warehouse/mod.ts";
import type { Row } from "../../lib/warehouse/session.ts";
import { runDataTests } from "../../lib/warehouse/build/audit.ts";
import { runModels } from "../../lib/warehouse/build/models.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { createContext, type PipelineContext } from "../../pipelines/context.ts";
import { transform, WAREHOUSE_PROJECT } from "../../pipelines/steps/transform.ts";
import { copyFolder } from "../fixtures/copy_folder.ts";
import { createRawTable, writeRawShop } from "../fixtures/raw_shop.ts";
import { emptyShop, type ShopRow, type ShopRows, type ShopTable, smallShop } from "../fixtures/small_shop.ts";
import { stillRuntime } from "../lib/warehouse/small_project.ts";

/** Runs `body` with a context whose lake is new and removed afterwards. */
export async function withLake(body: (context: PipelineContext) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "shopflow_transform_" });
  try {
    await body(contextIn(home));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

/** No test of a pipeline cuts the power, so none waits for the disk. */
function contextIn(home: string): PipelineContext {
  const context = createContext(loadConfig({ SHOPFLOW_HOME: home }), stillRuntime().runtime);
  return { ...context, store: createDirectoryStore(context.config.lakeUrl, { sync: false }) };
}

/** Runs a test's body with a lake that is built already, of its own. */
type WithBuiltLake = (body: (context: PipelineContext) => Promise<void>) => Promise<void>;

/** A lake that is built when the first test of a process needs it; each test gets a copy. */
export function lakeBuiltOnce(build: (context: PipelineContext) => Promise<void>): WithBuiltLake {
  let template: Promise<string> | undefined;
  return async (body) => {
    const built = await (template ??= buildTemplate(build));
    await withLake(async (context) => {
      await copyFolder(built, context.config.home);
      await body(context);
    });
  };
}

/** A lake with one snapshot of the small shop. */
export const withTransformedShop = lakeBuiltOnce(async (context) => {
  await writeRawShop(context.store, smallShop());
  await transform(context);
});

async function buildTemplate(build: (context: PipelineContext) => Promise<void>): Promise<string> {
  const home = await Deno.makeTempDir({ prefix: "shopflow_template_" });
  globalThis.addEventListener("unload", () => Deno.removeSync(home, { recursive: true }));
  await build(contextIn(home));
  return home;
}

/** A curated shop to ask questions. */
export interface BuiltShop extends Session {
  /** The row of data_quality of a rule: how many rows it hit and how much money they carry. */
  quality(sourceTable: string, rule: string): Promise<Row>;
}

/**
 * Runs the project's models and data tests in memory, which is quicker than building a snapshot, and hands
 * the result to `body`.
 *
 * @param rows Raw rows by table; tables that are left out are empty.
 * @param fill Adds further raw rows, e.g. from a file.
 */
export async function withBuiltShop(
  rows: Partial<ShopRows>,
  body: (shop: BuiltShop) => Promise<void>,
  fill: (session: Session) => Promise<void> = async () => {},
): Promise<void> {
  using session = await openSession({ threads: 2 });
  await session.run("CREATE SCHEMA raw");
  const shop: ShopRows = { ...emptyShop(), ...rows };
  for (const [table, raw] of Object.entries(shop) as [ShopTable, ShopRow[]][]) {
    const name = `raw.${sqlName(table)}`;
    await createRawTable(session, name, table, raw);
    for (
      const column of [
        "_extracted_at TIMESTAMP DEFAULT TIMESTAMP '2024-06-01'",
        "_run VARCHAR DEFAULT '20240601T000000Z'",
        "_deleted BOOLEAN DEFAULT false",
      ]
    ) {
      await session.run(`ALTER TABLE ${name} ADD COLUMN ${column}`);
    }
  }
  await fill(session);
  const { runtime } = stillRuntime();
  const { models, tests } = await starSchema();
  await runModels(session, models, runtime);
  await runDataTests(session, tests, runtime);

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
}

let loaded: ReturnType<typeof loadSqlProject> | undefined;
const starSchema = () => loaded ??= loadSqlProject(WAREHOUSE_PROJECT);
