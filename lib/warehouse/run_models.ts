import { WarehouseError } from "shopflow/errors/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { relationOf } from "./scope.ts";
import type { Session } from "./session.ts";
import type { SqlModel } from "./sql_model.ts";

/**
 * Builds the views and tables of models, in the order given.
 *
 * @throws {WarehouseError} that names the model's file when its SQL fails or its columns break its contract.
 */
export async function runModels(
  session: Session,
  models: SqlModel[],
  runtime: Runtime,
  title = "SQL models",
): Promise<void> {
  if (models.length === 0) return;
  const bar = runtime.progress.start(title, models.length, "models");
  for (const [done, model] of models.entries()) {
    await build(session, model);
    await checkContract(session, model);
    bar.update(done + 1);
  }
  bar.finish(`${models.length} models`);
}

async function build(session: Session, model: SqlModel): Promise<void> {
  try {
    await session.run(`CREATE ${model.materialized} ${relationOf(model.name)} AS\n${model.sql}`);
  } catch (cause) {
    if (!(cause instanceof WarehouseError)) throw cause;
    const reason = cause.cause instanceof Error ? cause.cause.message : cause.message;
    throw new WarehouseError(`The SQL model ${model.file} failed: ${reason}`, { cause });
  }
}

/** A model with a contract has exactly the columns and types that its schema file documents. */
async function checkContract(session: Session, { name, file, doc }: SqlModel): Promise<void> {
  if (!doc.contract) return;
  const columns = await session.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE ${relationOf(name)}`,
  );
  const built = columns.map((column) => `${column.column_name} ${column.column_type}`);
  const promised = doc.columns.map((column) => `${column.name} ${column.dataType ?? ""}`.trim());
  const missing = promised.filter((column) => !built.includes(column));
  const extra = built.filter((column) => !promised.includes(column));
  if (missing.length === 0 && extra.length === 0) return;
  throw new WarehouseError(`The SQL model ${file} breaks its contract in ${doc.file}`, {
    expected: missing.join(", ") || "no further columns",
    found: extra.join(", ") || "no such columns",
    remedy: "Correct the model, or the columns beneath its name in that file.",
  });
}
