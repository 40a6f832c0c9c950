/** The systems of the shop: PostgreSQL, support tickets, and files to import. */
export { type ExtractedTable, SOURCE_TABLES, TICKET_TABLE } from "./contract.ts";
export {
  controlTotalsSql,
  differingMonths,
  type MergeKey,
  type MonthlyTotals,
  monthlyTotals,
  monthSql,
  type RowSelection,
  type SourceTotals,
  type TableSource,
  totalRows,
  type TotalsRow,
  totalsText,
  updatedTotals,
} from "./source.ts";
export type { CopiedRows } from "./csv.ts";
export { isConnectionLoss, isUnreachable } from "./postgres/client.ts";
export { withPostgresSource } from "./postgres/copy.ts";
export { DECIMAL_MARKS } from "./files/columns.ts";
export { ticketSource } from "./tickets/copy.ts";
export { countSourceRows } from "./count_source_rows.ts";
export {
  checkLines,
  type ImportReport,
  importReportPath,
  linesText,
  readImportReport,
  writeImportReport,
} from "./import_report.ts";
export { readTransactions } from "./online_retail/file.ts";
export { OnlineRetailTranslation, type RejectedLines } from "./online_retail/translate.ts";
export { retryWhileLost } from "./retry.ts";
export { type StatedFormats, surveyTransactions } from "./online_retail/survey.ts";
export { loadShop } from "./load_shop.ts";
export { DATE_ORDERS } from "./files/date_column.ts";
