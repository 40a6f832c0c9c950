import { type Config, maskUrl, NO_TICKETS } from "shopflow/config/mod.ts";
import { ShopFlowError } from "shopflow/errors/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { SOURCE_TABLES } from "../contract.ts";
import { beginShopTransaction } from "../postgres/copy.ts";
import { columnsOf, placeOf, type Relation } from "../postgres/relations.ts";
import { readControlTotals, readInvalidRows } from "../postgres/row_counts.ts";
import type { TableComparison } from "../postgres/shop_tables.ts";
import { withExtractClient } from "../postgres/snapshot_transaction.ts";
import { postgresError } from "../postgres/client.ts";
// @ts-types="@types/pg"
import type pg from "pg";
import { checkTickets, withoutTickets } from "./check_tickets.ts";
import { readMapping, type SourceMapping } from "./mapping.ts";
import type { ColumnReport, SourcesReport, TableReport } from "./report.ts";
import { likelyRelation, suggestMapping } from "./suggestions.ts";

/**
 * Connects to the shop's sources, and compares each table with what ShopFlow expects. Nothing is written, here or there.
 *
 * @throws {ConfigError} when the mapping cannot be read.
 */
export async function checkSources(config: Config, runtime: Pick<Runtime, "log">): Promise<SourcesReport> {
  const mapping = await readMapping(config.sourceMapping);
  const report: SourcesReport = {
    isReadable: true,
    postgres: maskUrl(config.postgresUrl),
    tickets: await withoutTickets(config, mapping) ? NO_TICKETS : maskUrl(config.ticketsUrl),
    errors: [],
    warnings: [],
    relations: [],
    tables: [],
  };
  await noting(report, async () => {
    Object.assign(report, await checkPostgres(config, mapping));
  });
  await noting(report, async () => void report.tables.push(await checkTickets(config, mapping, runtime)));
  const isLacking = ({ table }: TableReport) =>
    SOURCE_TABLES.some(({ name, isOptional }) => name === table && !isOptional);
  report.isReadable = report.errors.length === 0 &&
    report.tables.every((table) =>
      table.status !== "wrong" && !(table.status === "absent" && isLacking(table)) &&
      !isTooMany(table, config)
    );
  return report;
}

/** Whether an extract would refuse the table for its wrong rows. */
function isTooMany({ rows, quarantined }: TableReport, { quarantineLimit }: Config): boolean {
  // Of the first tickets of more, no share is known.
  if (quarantined.rows === 0 || rows === undefined) return false;
  const most = Math.max(quarantineLimit.rows, Math.floor(quarantineLimit.share * (rows + quarantined.rows)));
  return rows === 0 || quarantined.rows > most;
}

/** A source that cannot be reached does not keep the other from being checked. */
async function noting(report: SourcesReport, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof ShopFlowError)) throw error;
    report.errors.push(error.message);
  }
}

async function checkPostgres(
  { postgresUrl, postgresSchema: schema }: Config,
  mapping: SourceMapping,
): Promise<Pick<SourcesReport, "tables" | "relations" | "warnings">> {
  return await withExtractClient(postgresUrl, async (client) => {
    try {
      const { tables, relations, warnings } = await beginShopTransaction(client, postgresUrl, {
        mapping,
        schema,
      });
      const reports: TableReport[] = [];
      for (const comparison of tables) reports.push(await tableReport(client, comparison, relations));
      await client.query("ROLLBACK");
      return {
        tables: reports,
        relations: relations.filter(({ isReadable }) => isReadable).map(placeOf),
        warnings,
      };
    } catch (error) {
      throw postgresError(error, postgresUrl, "read", client);
    }
  });
}

/** Rows with a wrong value that a report shows. */
const EXAMPLES = 5;

async function tableReport(
  client: pg.Client,
  comparison: TableComparison,
  relations: Relation[],
): Promise<TableReport> {
  const { table, rows, columns, unread, violations, absent } = comparison;
  const report: TableReport = {
    table: table.name,
    status: "fits",
    ...(rows !== undefined && { place: rows.place }),
    columns: columns.map(columnReport),
    unread: unread.map(({ name }) => name),
    problems: violations,
    quarantined: { rows: 0, examples: [] },
    notes: absent === undefined ? [] : [absent],
  };
  if (absent !== undefined || violations.length > 0) {
    report.status = absent === undefined ? "wrong" : "absent";
    const relation = rows?.relation ?? likelyRelation(table, relations);
    const found = relation === undefined
      ? undefined
      : { relation, columns: await columnsOf(client, relation) };
    // A table that the shop may do without is suggested where something is alike.
    if (absent === undefined || found !== undefined) report.suggestion = suggestMapping(comparison, found);
    return report;
  }
  if (report.columns.some(({ status }) => status === "converted")) report.status = "converted";
  const totals = await readControlTotals(client, comparison);
  report.rows = totals.rows;
  if (totals.invalid > 0) {
    const found = await readInvalidRows(client, comparison, EXAMPLES);
    report.quarantined = { rows: totals.invalid, examples: found };
  }
  return report;
}

function columnReport(
  { name, agreed, source, conversion, violation }: TableComparison["columns"][number],
): ColumnReport {
  const found = {
    column: name,
    agreed,
    ...(source !== undefined && { source: source.name, type: source.type }),
  };
  if (violation !== undefined) return { ...found, status: "wrong", note: violation.found };
  if (source === undefined) return { ...found, status: "missing", note: "not in the shop" };
  return conversion?.note === undefined
    ? { ...found, status: "same" }
    : { ...found, status: "converted", note: conversion.note };
}
