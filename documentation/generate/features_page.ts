import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { featureLimits, type FeatureSet } from "shopflow/ml/features/mod.ts";
import { code, NOTE, table } from "./markdown.ts";

/** The features of customers, with when each is known. */
export function featuresPage(): string {
  return `# Features

${NOTE}

What models know of a customer as of a date: data of that day and later does not count. Training, scores, the API and
notebooks (\`await features("2024-06-01")\`) read the same declarations, in \`lib/customers\`;
[add a feature](../how_to/add_a_feature.md) shows how, and
[churn](../explanation/churn.md) why the date matters. The population is \`${CUSTOMER_FEATURES.population}\`.

A row that came later than the first extract after its day is late. It counts from the day on which it came
(\`arrived_at\`), since whoever scored before did not have it; of days before a table's first extract nobody can say what
the shop had, so there the day of the event alone decides.

Visits and tickets may be recorded since later than orders are. What looks back further than their first row is not known
of anybody on that date, rather than 0.

${CUSTOMER_FEATURES.rows.map((rows) => section(CUSTOMER_FEATURES, rows)).join("\n\n")}

## Tables

What a curated table showed on a day. The check for leaks computes the features again from tables that are cut down to
this, and refuses a feature that changes; a table that is not here is empty then.

${
    table(
      ["table", "known on a day", "never known"],
      Object.entries(CUSTOMER_FEATURES.tables).map(([name, { knownWhen, todayOnly = [] }]) => [
        code(name),
        knownWhen,
        todayOnly.map(code).join(", "),
      ]),
    )
  }
`;
}

function section(
  set: FeatureSet,
  { name, knownWhen, features, unrecordedText }: FeatureSet["rows"][number],
): string {
  const windows = [...new Set(features.map(({ windowDays = 0 }) => windowDays))];
  const recorded = unrecordedText === undefined
    ? ""
    : ` Until the first row is as old as a feature looks back (${
      windows.join(" or ")
    } days), it is not known of anybody: "${unrecordedText}".`;
  return `## ${name.replaceAll("_", " ")}

Known: ${knownWhen}.${recorded}

${
    table(
      ["feature", "unit", "meaning", "values", "not known"],
      features.map((feature) => [
        code(feature.name),
        feature.unit,
        feature.description,
        valuesText(set, feature.name) +
        (feature.neverAbove === undefined ? "" : `, never above ${code(feature.neverAbove)}`),
        feature.unknownText ?? (feature.whenAbsent === 0 ? "" : "without such a row"),
      ]),
    )
  }`;
}

function valuesText(set: FeatureSet, name: string): string {
  const { least, most, whole } = featureLimits(set, name);
  const kind = whole ? "whole, " : "";
  return most === Infinity ? `${kind}from ${least}` : `${kind}${least} to ${most}`;
}
