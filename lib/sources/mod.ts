/** The shop's source systems: PostgreSQL (a server or embedded) and MongoDB, its export file or the Support API. */
export {
  type ExtractedTable,
  SOURCE_TABLES,
  type SourceColumn,
  type SourceTable,
  type Strategy,
  TICKET_FIELDS,
  TICKET_TABLE,
} from "./source_tables.ts";
export { type LoadOptions, loadSourceTables, type TableCsv } from "./load_tables.ts";
export { loadTickets } from "./load_tickets.ts";
export { loadShop } from "./load_shop.ts";
export { DATE_ORDERS, type DateOrder } from "./files/date_column.ts";
export { DECIMAL_MARKS, type DecimalMark } from "./files/decimal_column.ts";
export { type PostgresSource, withPostgresSource } from "./copy_tables.ts";
export { ticketSource } from "./copy_tickets.ts";
export type { CopiedRows } from "./csv_copy.ts";
export type { RowSelection, TableSource, UnitKey } from "./row_selection.ts";
export {
  differingMonths,
  type FiguresRow,
  figuresSql,
  figuresText,
  type MonthFigures,
  type MonthlyFigures,
  monthlyFigures,
  monthSql,
  movedFigures,
  type SourceFigures,
  totalRows,
} from "./monthly_figures.ts";
export { isConnectionLoss, isUnreachable } from "./postgres_client.ts";
export { delay, withRetries } from "./retry.ts";
export { getTicketPage, type SupportApiOptions } from "./support_api_client.ts";
export { readSupportApi } from "./support_api.ts";
export { countSourceRows } from "./count_source_rows.ts";
export {
  checkLines,
  type ImportReport,
  importReportPath,
  type ImportRule,
  type LineCounts,
  linesText,
  readImportReport,
  writeImportReport,
} from "./import_report.ts";
export * from "./online_retail/mod.ts";
