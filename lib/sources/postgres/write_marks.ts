// @ts-types="@types/pg"
import type pg from "pg";
import { createHash } from "node:crypto";
import type { WriteMark } from "../source.ts";
import { relationSql, type ShopTables } from "./shop_tables.ts";

/**
 * Marks the moment of a transaction, by table, so that a later one can read the rows written since. Every version of a
 * row carries the number of the transaction that wrote it (`xmin`); all numbers below the mark had ended.
 *
 * Only ordinary tables have marks. Those of views and partitions say nothing of the rows that are shown, columns that
 * are computed when they are read change without a write, a standby may follow another server after a failover, and
 * whoever may read some columns only may not read `xmin`.
 */
export async function readWriteMarks(
  client: pg.Client,
  { tables }: ShopTables,
): Promise<Map<string, WriteMark>> {
  const read = tables.flatMap((comparison) => {
    const { rows, absent, violations } = comparison;
    const isTable = rows?.relation !== undefined && !rows.isQuery && absent === undefined &&
      violations.length === 0;
    // Other expressions give other values of the same rows.
    const sql = isTable ? relationSql(comparison) : "";
    return isTable ? [{ name: comparison.table.name, oid: rows.relation!.oid, sql }] : [];
  });
  const { rows } = await client.query<{ position: number; transaction: string; identity: string }>(
    MARKS,
    [read.map(({ oid }) => oid)],
  );
  return new Map(rows.map(({ position, transaction, identity }) => {
    const { name, sql } = read[position - 1]!;
    const scope = createHash("sha256").update(JSON.stringify([identity, sql])).digest("hex");
    return [name, { scope, transaction }];
  }));
}

/**
 * `identity` changes with everything after which numbers cannot be compared, or values change without a write:
 *
 * - another server, or one restored from a backup, which starts again: numbers are given out a second time;
 * - another database or table of the same name, as after pg_restore, and another storage, as after a TRUNCATE;
 * - columns that were added with a default, renamed or retyped, and labels of enums that were renamed.
 */
const MARKS = `
  SELECT position::int AS position, txid_snapshot_xmin(txid_current_snapshot())::text AS transaction,
         concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()),
           (SELECT oid FROM pg_database WHERE datname = current_database()), pg_class.oid,
           pg_relation_filenode(pg_class.oid),
           (SELECT string_agg(concat_ws(' ', attnum, quote_ident(attname), atttypid, atttypmod), ',' ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped),
           (SELECT string_agg(concat_ws(' ', pg_enum.oid, quote_literal(enumlabel)), ',' ORDER BY pg_enum.oid)
            FROM pg_enum WHERE enumtypid IN (
              SELECT CASE WHEN typtype = 'd' THEN typbasetype ELSE pg_type.oid END
              FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid WHERE attrelid = pg_class.oid))
         ) AS identity
  FROM unnest($1::oid[]) WITH ORDINALITY AS read (oid, position) JOIN pg_class ON pg_class.oid = read.oid
    LEFT JOIN pg_am ON pg_am.oid = relam
  WHERE relkind = 'r' AND NOT relhassubclass AND coalesce(amname, 'heap') = 'heap' AND NOT pg_is_in_recovery()
    AND has_table_privilege(pg_class.oid, 'SELECT')
    AND NOT EXISTS (
      -- Virtual columns of PostgreSQL 18; older servers know no such column of the catalogue.
      SELECT 1 FROM pg_attribute WHERE attrelid = pg_class.oid AND to_jsonb(pg_attribute) ->> 'attgenerated' = 'v')`;
