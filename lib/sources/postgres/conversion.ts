/** A column of the shop's database, as it may be read. */
export interface FoundColumn {
  name: string;
  /** Type as PostgreSQL writes it, of a domain the one beneath, e.g. `numeric(12,4)`. */
  type: string;
  /** `pg_type.typcategory` of that type. */
  category: string;
}

/** How a column of the shop is read as a type that was agreed on. */
export interface Conversion {
  /** SQL of the value in the agreed type, which fails for no row, also for one whose value is wrong. */
  value: string;
  /** SQL that is false where a value is wrong; undefined where every value fits. */
  isValid?: string;
  /** What happens to the value, for people; undefined where it stays as it is. */
  note?: string;
  /** What a value has to be, for messages about one that is not. */
  expected: string;
}

/** Categories of `pg_type` whose values are one text: strings, numbers, Booleans, enums, times, intervals, addresses. */
const SCALAR_CATEGORIES = "SNBEDTI";

const MOST_INTEGER = 2 ** 31;
/** Before it, DuckDB and PostgreSQL write years differently; beyond the other one a timestamp of DuckDB ends. */
const DATES = ["0001-01-01", "294000-01-01"];

/**
 * How a column is read as the type that the contract names, where its meaning is plain; undefined where it is not, as
 * of a list or a document.
 *
 * @param found The column, and its reference in SQL.
 * @param agreed A type as in `SOURCE_TABLES`.
 * @param timeZone Where the shop's days begin: of a time with a zone the local time there is taken.
 */
export function conversionOf(
  found: FoundColumn,
  agreed: string,
  timeZone = "UTC",
): Conversion | undefined {
  const column = sqlIdentifier(found.name);
  const [base = "", ...size] = agreed.split(/[(),]/).filter((part) => part !== "");
  switch (base) {
    case "integer":
      return toInteger(column, found);
    case "numeric":
      return toDecimal(column, found, Number(size[0]), Number(size[1]));
    case "date":
    case "timestamp without time zone":
      return toTime(column, found, base === "date" ? "date" : "timestamp", timeZone);
    default:
      return toText(column, found, timeZone);
  }
}

/** A name in quotes, as PostgreSQL and DuckDB read it. */
export const sqlIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Text as PostgreSQL reads it whatever `standard_conforming_strings` says. */
export const sqlLiteral = (text: string): string =>
  `E'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

/** `numeric(10,2)` as `numeric`, `timestamp(3) with time zone` as `timestamp with time zone`. */
const baseOf = (type: string) => type.replace(/\([^)]*\)/, "");

function toText(column: string, { type, category }: FoundColumn, timeZone: string): Conversion | undefined {
  const expected = "text";
  const base = baseOf(type);
  if (base === "text" || base === "character varying") return { value: column, expected };
  const note = `${type} as text`;
  if (base === "timestamp with time zone") {
    return { value: `${local(column, timeZone)}::text`, note, expected };
  }
  if (SCALAR_CATEGORIES.includes(category) || base === "uuid") {
    return { value: `${column}::text`, note, expected };
  }
  return undefined;
}

const WHOLE = ["smallint", "integer", "bigint"];
const FRACTIONS = ["numeric", "real", "double precision"];
/** Longer text is no number of any shop, and PostgreSQL would stop at it. */
const MOST_DIGITS = 200;
const NUMBER = String.raw`^[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)$`;

const isText = ({ category }: FoundColumn) => category === "S";

/** A number column as `numeric`, safe for every row: text that is no number, or blank, is NULL. */
function numberOf(column: string, found: FoundColumn): { number: string; isNumber?: string } | undefined {
  const base = baseOf(found.type);
  if (WHOLE.includes(base) || FRACTIONS.includes(base)) return { number: column };
  if (base === "money") return { number: `${column}::numeric` };
  if (!isText(found)) return undefined;
  const text = `btrim(${column}::text)`;
  const matches = `length(${text}) <= ${MOST_DIGITS} AND ${text} ~ E'${NUMBER}'`;
  return {
    number: `CASE WHEN ${matches} THEN ${text}::numeric END`,
    isNumber: `${text} = '' OR (${matches})`,
  };
}

function toInteger(column: string, found: FoundColumn): Conversion | undefined {
  const expected = "a whole number of 32 bits";
  const base = baseOf(found.type);
  if (base === "integer" || base === "smallint") return { value: column, expected };
  const read = numberOf(column, found);
  if (read === undefined) return undefined;
  const { number, isNumber } = read;
  const within = `${number} BETWEEN ${-MOST_INTEGER} AND ${MOST_INTEGER - 1}`;
  // NaN is above every number, so the comparison tells it, too.
  const isWhole = base === "bigint" ? within : `${within} AND ${number} = trunc(${number})`;
  return {
    value: `CASE WHEN ${isWhole} THEN (${number})::integer END`,
    isValid: allOf([isNumber, `(${isWhole}) IS NOT FALSE`]),
    note: `${found.type} as a whole number`,
    expected,
  };
}

function toDecimal(
  column: string,
  found: FoundColumn,
  precision: number,
  scale: number,
): Conversion | undefined {
  const read = numberOf(column, found);
  if (read === undefined) return undefined;
  const { number, isNumber } = read;
  const base = baseOf(found.type);
  const expected = `a number below 10^${precision - scale} with ${scale} decimals`;
  const [foundPrecision = Infinity, foundScale = 0] = found.type.match(/\d+/g)?.map(Number) ?? [];
  const isExact = base === "numeric" && foundScale <= scale &&
    foundPrecision - foundScale <= precision - scale;
  const isSmall = WHOLE.includes(base) && base !== "bigint" && precision - scale >= 10;
  // One that is as large only after rounding is too large as well.
  const limit = `${"9".repeat(precision - scale)}.${"9".repeat(scale)}5`;
  const within = `${number} > -${limit} AND ${number} < ${limit}`;
  if (isExact) return { value: column, isValid: `(${column} < ${limit}) IS NOT FALSE`, expected };
  if (isSmall) return { value: column, expected };
  // By its text, which has all digits that tell it from others: a cast of a `real` keeps six.
  const exact = FRACTIONS.includes(base) && base !== "numeric" ? `${number}::text` : `(${number})`;
  const rounded = `round(${exact}::numeric, ${scale})`;
  return {
    value: `CASE WHEN ${within} THEN ${rounded} END`,
    isValid: allOf([isNumber, `(${within}) IS NOT FALSE`]),
    note: `${found.type} as numeric(${precision},${scale}), rounded`,
    expected,
  };
}

const DAY = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])";
const CLOCK = String.raw`[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,9})?)?`;
const ZONE = "( ?(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?))";

/** A time with a zone as the clock shows it in the shop's zone. */
const local = (column: string, timeZone: string) => `(${column} AT TIME ZONE ${sqlLiteral(timeZone)})`;

function toTime(
  column: string,
  found: FoundColumn,
  kind: "date" | "timestamp",
  timeZone: string,
): Conversion | undefined {
  const expected = kind === "date" ? "a day from year 1 on" : "a time from year 1 on";
  const [first, end] = DATES;
  const within = (value: string) => `${value} >= '${first}' AND ${value} < '${end}'`;
  const note = `${found.type} as a ${kind === "date" ? "day" : "time"}`;
  const zoned = `${note} in ${timeZone}`;
  switch (baseOf(found.type)) {
    case "date":
    case "timestamp without time zone": {
      const isSame = baseOf(found.type) === (kind === "date" ? "date" : "timestamp without time zone");
      return {
        value: isSame ? column : `${column}::${kind}`,
        isValid: `(${within(column)}) IS NOT FALSE`,
        ...(!isSame && { note }),
        expected,
      };
    }
    case "timestamp with time zone": {
      const time = local(column, timeZone);
      return {
        value: kind === "date" ? `${time}::date` : time,
        isValid: `(${within(time)}) IS NOT FALSE`,
        note: zoned,
        expected,
      };
    }
  }
  if (!isText(found)) return undefined;
  const text = `btrim(${column}::text)`;
  // Day 0 of the next month is none in PostgreSQL, and 30 February is an error: the month's last day decides.
  const lastDay = `extract(day FROM make_date(substr(${text}, 1, 4)::int, substr(${text}, 6, 2)::int, 1)
    + interval '1 month - 1 day')`;
  const isDay = `CASE WHEN ${text} ~ E'^(?!0000)${DAY}(${CLOCK}${ZONE}?)?$'
    THEN substr(${text}, 9, 2)::int <= ${lastDay} ELSE false END`;
  const time = `CASE WHEN ${text} ~ '${ZONE}$' AND length(${text}) > 12
    THEN ${local(`${text}::timestamptz`, timeZone)} ELSE ${text}::timestamp END`;
  return {
    value: `CASE WHEN ${isDay} THEN (${time})::${kind} END`,
    isValid: `(${text} = '' OR ${isDay}) IS NOT FALSE`,
    note: zoned,
    expected: `${expected}, as YYYY-MM-DD${kind === "date" ? "" : " HH:MM:SS"}`,
  };
}

function allOf(conditions: (string | undefined)[]): string {
  return conditions.filter((one) => one !== undefined).map((one) => `(${one}) IS NOT FALSE`).join(" AND ");
}
