import type { AsOfDate } from "../as_of_date.ts";
import type { AsOfTable, Feature, FeatureRows, FeatureSet } from "./declaration.ts";

/** How features are computed otherwise than declared. */
export interface FeatureOptions {
  /** Another condition on features for the entities of whom they are computed. */
  population?: string;
}

/** Relations that hold the rows of a set already, by their name; see {@linkcode dateFreeRows}. */
type PreparedRows = Readonly<Record<string, string>>;

/**
 * SQL of the features as of a date: the entity's column, then every feature as a DOUBLE, one row per entity of the
 * population, sorted by entity. Only what was known before `asOf` counts.
 *
 * @param options.prepared Relations with the rows of {@linkcode dateFreeRows}, where they were made for several dates.
 */
export function featuresSql(
  set: FeatureSet,
  asOf: AsOfDate,
  { population = set.population, prepared = {} }: FeatureOptions & { prepared?: PreparedRows } = {},
): string {
  const { entity, rows } = set;
  const columns = rows.flatMap((one) => one.features.map((feature) => columnSql(one, feature)));
  const recorded = rows.filter(({ unrecordedText }) => unrecordedText !== undefined);
  const [first = "", ...others] = rows.map(({ name }) => `${name}_of`);
  return `WITH ${rows.map((one) => aggregatesSql(set, one, asOf, prepared[one.name])).join(",\n")}
SELECT * FROM (
  SELECT ${first}.${entity},
    ${columns.join(",\n    ")}
  FROM ${first}
  ${
    [
      ...others.map((name) => `LEFT JOIN ${name} ON ${name}.${entity} = ${first}.${entity}`),
      ...recorded.map(({ name }) => `CROSS JOIN ${name}_recorded`),
    ].join("\n  ")
  }
)
WHERE ${population}
ORDER BY ${entity}`;
}

/** An entity without a row has a count of 0 if its window was recorded; otherwise nobody has a value. */
function columnSql(
  { name: rows, unrecordedText }: FeatureRows,
  { name, whenAbsent, windowDays }: Feature,
): string {
  const value = whenAbsent === null ? `${rows}_of.${name}` : `coalesce(${rows}_of.${name}, ${whenAbsent})`;
  return unrecordedText === undefined
    ? `${value} AS ${name}`
    : `CASE WHEN ${rows}_recorded.days >= ${windowDays} THEN ${value} END AS ${name}`;
}

function aggregatesSql(
  { entity }: FeatureSet,
  rows: FeatureRows,
  asOf: AsOfDate,
  relation = `(${dateFreeRows(rows)}\n)`,
): string {
  const { name, eventTime, combine, derive, unrecordedText, features } = rows;
  const daysAgo = (time: string) => `DATE '${asOf}' - CAST(${time} AS DATE) AS days_ago`;
  let known = `SELECT *${replaced(rows, asOf)}, ${daysAgo(eventTime)}
  FROM ${relation} WHERE ${isKnown(rows, asOf)}`;
  if (combine !== undefined) {
    known = `SELECT ${entity}, ${daysAgo(`max(${eventTime})`)}, ${combine.columns}
  FROM (${known}) GROUP BY ${entity}, ${combine.by}`;
  }
  if (derive !== undefined) known = `SELECT *, ${derive} FROM (${known})`;
  const aggregates = features.map(({ name, sql }) => `    CAST(${sql} AS DOUBLE) AS ${name}`);
  // Since when there are rows of anybody, as of the date: what came late does not count before it came.
  const recorded = unrecordedText === undefined
    ? ""
    : `,\n${name}_recorded AS (SELECT max(days_ago) AS days FROM ${name})`;
  return `${name} AS (
  ${known}
),
${name}_of AS (
  SELECT ${entity},
${aggregates.join(",\n")}
  FROM ${name}
  GROUP BY ${entity}
)${recorded}`;
}

/**
 * SQL of the rows of all dates, which a computation for several dates makes once. With an arrival time they also have
 * `late_from`, the day on which a row came that an earlier extract should have brought, and `first_extract`.
 */
export function dateFreeRows({ sql, arrival, eventTime }: FeatureRows): string {
  return arrival === undefined ? sql : withLateness(sql, { ...arrival, eventTime });
}

/**
 * A row is late when an extract after its day had not brought it. An extract is known by the rows that it brought; a day
 * may still go on while it is extracted, so that only later ones count.
 */
function withLateness(
  sql: string,
  { time, table, eventTime }: { time: string; table: string; eventTime: string },
): string {
  return `SELECT rows.*, extracts.first_extract,
    CASE WHEN CAST(rows.${eventTime} AS DATE) < CAST(extracts.extract_before AS DATE)
      THEN CAST(rows.${time} AS DATE) END AS late_from
  FROM (
    ${sql}
  ) AS rows
  LEFT JOIN (
    SELECT arrived, lag(arrived) OVER (ORDER BY arrived) AS extract_before,
      CAST(min(arrived) OVER () AS DATE) AS first_extract
    FROM (SELECT DISTINCT ${time} AS arrived FROM ${table} WHERE ${time} IS NOT NULL)
  ) AS extracts ON extracts.arrived = rows.${time}`;
}

/** Of days before the first extract nobody can say what had come, so that the event alone decides. */
function isKnown(
  { eventTime, arrival }: Pick<FeatureRows, "eventTime" | "arrival">,
  asOf: AsOfDate,
): string {
  const happened = `${eventTime} < DATE '${asOf}'`;
  if (arrival === undefined) return happened;
  return `${happened} AND (late_from IS NULL OR late_from <= DATE '${asOf}' OR first_extract >= DATE '${asOf}')`;
}

function replaced({ knownLater = {} }: Pick<FeatureRows, "knownLater">, asOf: AsOfDate): string {
  const cases = Object.entries(knownLater).map(([column, time]) =>
    `CASE WHEN ${time} < DATE '${asOf}' THEN ${column} END AS ${column}`
  );
  return cases.length === 0 ? "" : ` REPLACE (${cases.join(", ")})`;
}

/**
 * SQL of what a curated table showed as of a date, with the same columns.
 *
 * @param columns Those that the table has; a shop may lack some of the declared ones.
 */
export function tableAsOf(
  name: string,
  table: AsOfTable,
  columns: ReadonlySet<string>,
  asOf: AsOfDate,
): string {
  const { eventTime, arrivalTime, todayOnly = [], knownLater = {}, isVersioned } = table;
  const replacements: Record<string, string> = {
    ...Object.fromEntries(todayOnly.map((column) => [column, `CASE WHEN false THEN ${column} END`])),
    ...Object.fromEntries(
      Object.entries(knownLater).map((
        [column, time],
      ) => [column, `CASE WHEN ${time} < DATE '${asOf}' THEN ${column} END`]),
    ),
    ...(isVersioned && {
      valid_to: `CASE WHEN valid_to < DATE '${asOf}' THEN valid_to END`,
      is_current: `(valid_to IS NULL OR valid_to >= DATE '${asOf}')`,
    }),
  };
  const replaced = Object.entries(replacements).filter(([column]) => columns.has(column))
    .map(([column, sql]) => `${sql} AS ${column}`);
  const replace = replaced.length === 0 ? "" : ` REPLACE (${replaced.join(", ")})`;
  if (isVersioned) return `SELECT *${replace} FROM main.${name} WHERE valid_from < DATE '${asOf}'`;
  if (eventTime === undefined) return `SELECT *${replace} FROM main.${name}`;
  if (arrivalTime === undefined) {
    return `SELECT *${replace} FROM main.${name} WHERE ${isKnown({ eventTime }, asOf)}`;
  }
  const arrival = { time: arrivalTime, table: `main.${name}` };
  return `SELECT * EXCLUDE (late_from, first_extract)${replace}
    FROM (${withLateness(`SELECT * FROM main.${name}`, { ...arrival, eventTime })})
    WHERE ${isKnown({ eventTime, arrival }, asOf)}`;
}
