import { sqlName } from "./session.ts";

/** Month of a date column as text; the macro `month_of` of the project says the same. */
export const monthOf = (column: string) =>
  `coalesce(substr(CAST(CAST(${sqlName(column)} AS DATE) AS VARCHAR), 1, 7), 'undated')`;
