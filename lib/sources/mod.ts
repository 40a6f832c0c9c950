/** The systems of the shop: PostgreSQL, support tickets, and files to import. */
export { type ExtractedTable, SOURCE_TABLES, TICKET_TABLE } from "./contract.ts";
export {
  type ControlTotals,
  controlTotalsSql,
  type MergeKey,
  type MonthlyTotals,
  monthlyTotals,
  monthSql,
  NO_ROWS,
  type RowSelection,
  type SourceTotals,
  type TableSource,
  totalRows,
  type TotalsRow,
  type WriteMark,
} from "./source.ts";
export type { CopiedRows } from "./csv.ts";
export { mayReconnect } from "./postgres/client.ts";
export { withPostgresSource } from "./postgres/copy.ts";
export { DECIMAL_MARKS } from "./files/columns.ts";
export { ticketSource } from "./tickets/copy.ts";
export { type ImportReport, importReportPath, linesText, readImportReport } from "./import_report.ts";
export { retryWhileLost } from "./retry.ts";
export { countSourceRows, loadShop } from "./load_shop.ts";
export { DATE_ORDERS } from "./files/date_column.ts";
