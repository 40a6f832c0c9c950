import {
  type DuckDBDecimalValue,
  type DuckDBListValue,
  type DuckDBStructValue,
  DuckDBTypeId,
  type DuckDBValueConverter,
} from "@duckdb/node-api";

/** A value of a result: numbers for every numeric type, text for dates and times. */
export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };
export type Row = Record<string, Value>;

/**
 * Turns DuckDB's values into plain ones: BIGINT and DECIMAL become numbers (exact up to 2^53), DATE
 * `YYYY-MM-DD`, TIMESTAMP `YYYY-MM-DD HH:MM:SS[.ffffff]`.
 */
export const toPlainValue: DuckDBValueConverter<Value> = (value, type, convert) => {
  if (value === null || value === undefined) return null;
  switch (type.typeId) {
    case DuckDBTypeId.DECIMAL:
      return (value as DuckDBDecimalValue).toDouble();
    case DuckDBTypeId.LIST: {
      const { valueType } = type as typeof type & { valueType: typeof type };
      return (value as DuckDBListValue).items.map((item) => convert(item, valueType, convert));
    }
    case DuckDBTypeId.STRUCT: {
      const { entryNames, entryTypes } = type as typeof type & {
        entryNames: string[];
        entryTypes: (typeof type)[];
      };
      const { entries } = value as DuckDBStructValue;
      return Object.fromEntries(
        entryNames.map((name, i) => [name, convert(entries[name]!, entryTypes[i]!, convert)]),
      );
    }
  }
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "object") return value.toString();
  return value;
};
