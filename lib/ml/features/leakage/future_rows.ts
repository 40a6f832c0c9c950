import { countOf, formatCount } from "shopflow/runtime/mod.ts";
import type { AsOfDate } from "../../as_of_date.ts";
import { valueAt } from "../../vectors.ts";
import type { FeatureTable } from "../cache.ts";
import type { FeatureSet } from "../declaration.ts";
import { type FeatureSession, readFeatures } from "../read.ts";
import { featuresSql, tableAsOf } from "../sql.ts";

/** A feature that knows what it must not. */
export interface Leak {
  feature: string;
  /** What was found, for people. */
  text: string;
}

/** Sums of fractions may differ in their last bits, which are not single precision's. */
const EQUAL_WITHIN = 1e-5;

/**
 * Proves that no feature reads what was not known on a date: computes the features once more on tables from which that was
 * removed (later rows, rows that had not arrived, columns known later, today's state), and compares every value. Tables
 * that the set does not declare are empty then, so a feature that reads one is found, too.
 */
export async function checkFutureRows(
  session: FeatureSession,
  set: FeatureSet,
  dates: readonly AsOfDate[],
): Promise<Leak[]> {
  const leaks = new Map<string, Leak>();
  for (const table of await readFeatures(session, set, dates)) {
    for (const leak of differences(set, table, await tableOfThatDay(session, set, table.asOf))) {
      if (!leaks.has(leak.feature)) leaks.set(leak.feature, leak);
    }
  }
  return [...leaks.values()];
}

async function tableOfThatDay(
  session: FeatureSession,
  set: FeatureSet,
  asOf: AsOfDate,
): Promise<FeatureTable> {
  const { name = [], columns = [] } = await session.columns(
    "SELECT table_name AS name, list(column_name) AS columns FROM information_schema.columns " +
      "WHERE table_schema = 'main' AND table_catalog = current_database() GROUP BY name ORDER BY name",
  );
  // A common table expression hides the table of its name, and reads it as `main.<name>`.
  const tables = name.map((text, i) => {
    const table = String(text);
    const declared = set.tables[table];
    const rows = declared === undefined
      ? `SELECT * FROM main."${table}" WHERE false`
      : tableAsOf(table, declared, new Set(columns[i] as string[]), asOf);
    return `"${table}" AS (${rows})`;
  });
  const { keys, names, values } = await session.floats(
    `WITH ${tables.join(",\n")}\nSELECT * FROM (${featuresSql(set, asOf)}) ORDER BY ${set.entity}`,
  );
  return { asOf, ids: keys, matrix: { names, rows: keys.length, values } };
}

/** Features whose values differ between what was computed and what the tables of the day give. */
function differences(
  { names, population }: FeatureSet,
  computed: FeatureTable,
  ofThatDay: FeatureTable,
): Leak[] {
  const rowOf = new Map(ofThatDay.ids.map((id, row) => [id, row]));
  const common = computed.ids.flatMap((id, row) => {
    const other = rowOf.get(id);
    return other === undefined ? [] : [[row, other] as const];
  });
  const leaks = names.flatMap((feature, j): Leak[] => {
    const at = ({ matrix }: FeatureTable, row: number) => valueAt(matrix.values, row * names.length + j);
    const changed = common.filter(([row, other]) => !isEqual(at(computed, row), at(ofThatDay, other)));
    const [first] = changed;
    if (first === undefined) return [];
    const [row, other] = first;
    return [{
      feature,
      text:
        `${formatCount(changed.length)} of ${
          countOf(common.length, "value")
        } as of ${computed.asOf} change ` +
        `when what was not known on that day is removed from the tables, e.g. ${
          shown(at(computed, row))
        } becomes ${shown(at(ofThatDay, other))} (${valueAt(computed.ids, row)})`,
    }];
  });
  const unknown = computed.ids.length + ofThatDay.ids.length - 2 * common.length;
  if (unknown > 0 && leaks.length === 0) {
    const feature = names.find((name) => population.includes(name)) ?? population;
    leaks.push({
      feature,
      text:
        `the population (${population}) as of ${computed.asOf} differs by ${
          formatCount(unknown)
        } when what ` +
        "was not known on that day is removed from the tables",
    });
  }
  return leaks;
}

const isEqual = (a: number, b: number) =>
  Number.isNaN(a) || Number.isNaN(b)
    ? Number.isNaN(a) === Number.isNaN(b)
    : Math.abs(a - b) <= EQUAL_WITHIN * Math.max(1, Math.abs(a), Math.abs(b));

const shown = (value: number) => Number.isNaN(value) ? "unknown" : String(Number(value.toPrecision(6)));
