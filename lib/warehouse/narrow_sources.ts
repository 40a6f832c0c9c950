import { betweenExtremes } from "./extremes.ts";
import { keyColumns, rowsOfKeys } from "./key_lookup.ts";
import { monthOf } from "./month_of.ts";
import { withinMonths } from "./month_ranges.ts";
import { hasCleanKeys, type RawFileFacts } from "./raw_file_facts.ts";
import type { RawInputs } from "./raw_views.ts";
import type { SourceDoc } from "./schema_file.ts";
import { sourceRelationOf } from "./scope.ts";
import { type Session, sqlName, sqlString } from "./session.ts";
import type { TouchedMonths } from "./touched_months.ts";

/** Schema of the raw rows that touched months are made of. */
const NARROWED = "narrowed";

/**
 * Makes the models see of each source kept by month only what its touched months are made of: all rows, of
 * whatever month, of every key that has a row in one of them. The models stay as they are; what they compute for
 * touched months is what they would compute from all rows.
 */
export async function narrowSources(
  session: Session,
  sources: SourceDoc[],
  { inputs, facts, touched }: {
    inputs: RawInputs;
    facts: RawFileFacts;
    touched: NonNullable<TouchedMonths>;
  },
): Promise<void> {
  await session.run(`CREATE SCHEMA ${NARROWED}`);
  for (const source of sources.filter(({ monthOf }) => monthOf !== undefined)) {
    const relation = sourceRelationOf(source);
    const narrowed = `${NARROWED}.${sqlName(source.table)}`;
    const months = touched[source.table]!;
    await session.run(
      `CREATE OR REPLACE TEMP TABLE touched_keys AS
       SELECT DISTINCT ${keyColumns(source)} FROM ${relation}
       WHERE ${withinMonths(source.monthOf!, months)} AND ${isOneOf(monthOf(source.monthOf!), months)}`,
    );
    const ofTouchedKeys = rowsOfKeys(source, relation, "touched_keys", {
      clean: hasCleanKeys(facts, inputs[source.table]!),
    });
    await session.run(
      `CREATE TABLE ${narrowed} AS SELECT * FROM (SELECT * FROM ${ofTouchedKeys}) AS found
       WHERE ${await betweenExtremes(session, source.monthOf!, ofTouchedKeys)}`,
    );
    await session.run(`CREATE OR REPLACE VIEW ${relation} AS SELECT * FROM ${narrowed}`);
  }
}

/** SQL condition: an expression has one of these values. */
export function isOneOf(expression: string, values: string[]): string {
  return values.length === 0 ? "false" : `${expression} IN (${values.map(sqlString).join(", ")})`;
}
