import type { Manifest, ObjectStore, TableFile } from "shopflow/lake/mod.ts";
import { monthOf } from "./month_of.ts";
import { isOneOf } from "./narrow_sources.ts";
import { parquet } from "./parquet_files.ts";
import type { PartitionDoc } from "./schema_file.ts";
import { relationOf } from "./scope.ts";
import type { Session } from "./session.ts";
import type { SqlModel } from "./sql_model.ts";
import type { TouchedMonths } from "./touched_months.ts";

/** Schema of what a run computed: the touched months, or all of them. */
export const TOUCHED = "touched";
/** Schema of what it keeps of the former snapshot. */
export const KEPT = "kept";

/** A table kept by month, after its touched months were computed. */
export interface MonthlyTable {
  model: SqlModel;
  /** Files of the former snapshot that stay as they are. */
  reused: TableFile[];
  /** SQL of the rows of all other files: the computed ones, and rows kept of files that must be written again. */
  rewritten: string;
}

/**
 * Puts together the computed months of a table and the months that the former snapshot has of it: the relation of
 * the model's name becomes all of them.
 */
export async function joinMonths(
  session: Session,
  model: SqlModel,
  store: ObjectStore,
  { former, touched }: { former: Manifest | undefined; touched: TouchedMonths },
): Promise<MonthlyTable> {
  const relation = relationOf(model.name);
  const computed = `SELECT * FROM ${TOUCHED}.${relation}`;
  const partition = model.doc.partition!;
  const before = touched === undefined ? undefined : former?.tables[model.name];
  if (touched === undefined || before === undefined) {
    await session.run(`CREATE VIEW main.${relation} AS ${computed}`);
    await session.run(`CREATE VIEW ${KEPT}.${relation} AS ${computed} WHERE false`);
    return { model, reused: [], rewritten: computed };
  }
  const isTouched = touchedRows(model, touched);
  await session.run(`DELETE FROM ${TOUCHED}.${relation} WHERE NOT (${isTouched})`);
  const months = touchedMonthsOf(partition, touched);
  const opened = (file: TableFile) => partition.oneFile || months.includes(file.partition ?? "");
  const reused = before.files.filter((file) => !opened(file));
  // All rows of a touched month are new where they come from one source.
  const rewrittenFiles = partition.sourceTable !== undefined ? [] : before.files.filter(opened);
  const remaining = rewrittenFiles.length === 0 ? undefined : `SELECT * FROM ${await parquet(
    rewrittenFiles,
    store,
  )} WHERE NOT (${isTouched})`;
  const whole = reused.length === 0 ? undefined : `SELECT * FROM ${await parquet(reused, store)}`;
  const kept = [whole, remaining].filter((part) => part !== undefined);
  await session.run(
    `CREATE VIEW ${KEPT}.${relation} AS ${
      kept.length === 0 ? `${computed} WHERE false` : kept.join(" UNION ALL ")
    }`,
  );
  await session.run(`CREATE VIEW main.${relation} AS ${computed} UNION ALL FROM ${KEPT}.${relation}`);
  return { model, reused, rewritten: remaining ? `${computed} UNION ALL ${remaining}` : computed };
}

/** SQL of the month of a row of a table kept by month. */
export function monthColumn(model: SqlModel): string {
  const { by } = model.doc.partition!;
  return isMonthText(model) ? `"${by}"` : monthOf(by);
}

/** Whether the column that a table is kept by is the month's text itself, and not a date. */
export const isMonthText = ({ doc }: SqlModel): boolean =>
  doc.columns.find(({ name }) => name === doc.partition!.by)?.dataType === "VARCHAR";

function touchedRows(model: SqlModel, touched: NonNullable<TouchedMonths>): string {
  const { sourceTable } = model.doc.partition!;
  const month = monthColumn(model);
  if (sourceTable !== undefined) return isOneOf(month, touched[sourceTable] ?? []);
  return Object.entries(touched)
    .map(([source, months]) => `(${isOneOf("source_table", [source])} AND ${isOneOf(month, months)})`)
    .join(" OR ");
}

function touchedMonthsOf({ sourceTable }: PartitionDoc, touched: NonNullable<TouchedMonths>): string[] {
  return sourceTable !== undefined ? touched[sourceTable] ?? [] : Object.values(touched).flat();
}
