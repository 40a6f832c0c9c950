/** The import of the UCI data sets Online Retail and Online Retail II. */
export { type ColumnNames, COLUMNS } from "./file.ts";
export { importOnlineRetail, type ImportOptions } from "./import.ts";
