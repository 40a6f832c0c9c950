/** What the warehouse tells of itself: to people, to other engines, and between two snapshots. */
export { dataDictionary } from "./data_dictionary.ts";
export { rawTableSql, SCALE_OUT_ENGINES, type ScaleOutEngine, writeRawDatabase } from "./raw_tables.ts";
export { compareRows, type RowDifference } from "./compare_rows.ts";
