import { ModelError } from "shopflow/errors/mod.ts";
import { countOf } from "shopflow/runtime/mod.ts";
import type { AsOfDate } from "../../as_of_date.ts";
import type { ClassifierTrainer } from "../../classifier/mod.ts";
import type { FeatureSet } from "../declaration.ts";
import type { FeatureSession } from "../read.ts";
import { checkFutureRows, type Leak } from "./future_rows.ts";
import {
  checkRemovals,
  checkSingleFeatures,
  type LabelledRows,
  singleFeatureAuc,
  type StrongestFeature,
} from "./label.ts";

/** What a check for leaks found in features that it let pass. */
export interface LeakageReport {
  /** How many features were checked. */
  features: number;
  /** Dates as of which they were computed again from what was known. */
  dates: readonly AsOfDate[];
  /** Suspicious features, which a person should look at. */
  flagged: Leak[];
  /** Absent where an outcome has too few rows to tell. */
  strongest?: StrongestFeature;
}

/**
 * Refuses to train on features that know what they must foretell: values that change when what was not known on a date is
 * removed from the tables ({@linkcode checkFutureRows}), and features that alone rank the outcomes almost without error.
 * Flags features that alone are suspiciously good, or without which a model is suspiciously worse.
 *
 * @param examples Training rows, of which the outcomes are open: customers who were active, not those lost already.
 * @param options.dates Training dates to compute again as of; the outcomes after them are in the tables.
 * @param options.trainer What fits models without a feature.
 * @param options.yardstick A feature that may alone rank the outcomes without error and be honest; see
 *   {@linkcode checkSingleFeatures}.
 * @throws {ModelError} naming each feature that is refused, and why.
 */
export async function checkLeakage(
  session: FeatureSession,
  set: FeatureSet,
  examples: LabelledRows,
  { dates, trainer, yardstick }: {
    dates: readonly AsOfDate[];
    trainer: ClassifierTrainer;
    yardstick?: string;
  },
): Promise<LeakageReport> {
  const areas = singleFeatureAuc(examples);
  const alone = checkSingleFeatures(areas, yardstick);
  const refused = [...await checkFutureRows(session, set, dates), ...alone.refused];
  if (refused.length > 0) throw leakageError(refused);
  const removals = areas === undefined ? [] : await checkRemovals(examples, areas, trainer);
  return {
    features: examples.matrix.names.length,
    dates,
    flagged: [...alone.flagged, ...removals],
    ...(alone.strongest && { strongest: alone.strongest }),
  };
}

function leakageError(refused: readonly Leak[]): ModelError {
  const texts = Map.groupBy(refused, ({ feature }) => feature);
  const found = [...texts].map(([feature, leaks]) =>
    `${feature}: ${leaks.map(({ text }) => text).join("; ")}`
  );
  return new ModelError(
    `${countOf(texts.size, "feature")} ${texts.size === 1 ? "knows" : "know"} what the model is to foretell`,
    {
      expected: "features of what was known before the as-of date",
      found: found.join("\n  "),
      remedy:
        "Correct or remove what is named: documentation/how_to/add_a_feature.md says when a value counts as " +
        "known.",
    },
  );
}

/** What a report says, in a few words. */
export function leakageText({ features, flagged }: LeakageReport): string {
  if (flagged.length === 0) return `no leak in ${countOf(features, "feature")}`;
  const names = [...new Set(flagged.map(({ feature }) => feature))];
  return `no leak proven in ${countOf(features, "feature")}, ${names.join(" and ")} flagged`;
}

/** What a card says of a report. */
export function leakageLines({ features, dates, flagged, strongest }: LeakageReport): string[] {
  return [
    `Leakage: ${countOf(features, "feature")} computed again as of ${
      dates.join(" and ")
    } from the tables without what ` +
    "was not known then; no value changed." +
    (strongest === undefined
      ? ""
      : ` The strongest alone, ${strongest.feature}, ranks the outcomes with an AUC of ${
        strongest.auc.toFixed(3)
      }.`),
    ...flagged.map(({ feature, text }) => `Leakage, flagged: ${feature}: ${text}. Check when it is known.`),
  ];
}
