/** The shop's source systems: PostgreSQL (a server or embedded) and MongoDB or its export file. */
export { SOURCE_TABLES, type SourceColumn, type SourceTable, TICKET_FIELDS } from "./source_tables.ts";
export { type LoadOptions, loadSourceTables, type TableCsv } from "./load_tables.ts";
export { loadTickets } from "./load_tickets.ts";
export { copySourceTables } from "./copy_tables.ts";
export { copyTickets } from "./copy_tickets.ts";
export type { CopiedColumn, CopiedTable } from "./csv_copy.ts";
export { countSourceRows } from "./count_source_rows.ts";
export { maskUrl } from "./mask_url.ts";
export {
  type ImportReport,
  importReportPath,
  type ImportRule,
  readImportReport,
  writeImportReport,
} from "./import_report.ts";
export * from "./online_retail/mod.ts";
