import { ModelError } from "shopflow/errors/mod.ts";
import { CHURN_FEATURES } from "shopflow/features/mod.ts";
import { loadChurnModel, loadRecommender } from "shopflow/models/mod.ts";
import { isBaseline, type ModelVersion } from "shopflow/registry/mod.ts";

/**
 * Whether the present code can score with a version.
 *
 * @throws {ModelError} when it cannot: it is a baseline, its files are of another format, or a feature it asks for is
 *   not computed any more.
 */
export function checkScorable(version: ModelVersion): void {
  const { card, files } = version;
  if (isBaseline(card)) {
    throw new ModelError(`${card.version} is the baseline of the ${card.name} model`, {
      expected: "a trained version",
      found: "the baseline, which serves by itself while no model can",
    });
  }
  if (card.name === "recommendation") whileReading(version, () => loadRecommender(files));
  const gone = missingFeatures(version);
  if (gone.length === 0) return;
  throw new ModelError(`The churn model ${card.version} asks for features that are not computed any more`, {
    expected: `features among ${CHURN_FEATURES.map(({ name }) => name).join(", ")}`,
    found: gone.join(", "),
  });
}

/**
 * Features that a version asks for and the present code does not compute.
 *
 * @throws {ModelError} when its files are damaged or of another format.
 */
export function missingFeatures(version: ModelVersion): string[] {
  const { card, files } = version;
  if (card.name !== "churn") return [];
  const known = new Set(CHURN_FEATURES.map(({ name }) => name));
  return whileReading(version, () => loadChurnModel(files).featureNames.filter((name) => !known.has(name)));
}

/** What is computed from the content of damaged files fails in any way. */
function whileReading<T>({ card }: ModelVersion, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    throw new ModelError(`The files of the ${card.name} model ${card.version} are damaged`, {
      found: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}
