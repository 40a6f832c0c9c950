import { ModelError } from "shopflow/errors/mod.ts";
import { CHURN_FEATURES } from "shopflow/features/mod.ts";
import { loadChurnModel, loadRecommender } from "shopflow/models/mod.ts";
import type { ModelVersion } from "shopflow/registry/mod.ts";

/**
 * Whether the present code can score with a version.
 *
 * @throws {ModelError} when it cannot: its files are of another format, or a feature it asks for is no more.
 */
export function checkScorable({ card, files }: ModelVersion): void {
  if (card.name === "recommendation") loadRecommender(files);
  if (card.name !== "churn") return;
  const known = new Set(CHURN_FEATURES.map(({ name }) => name));
  const gone = loadChurnModel(files).featureNames.filter((name) => !known.has(name));
  if (gone.length === 0) return;
  throw new ModelError(`The churn model ${card.version} asks for features that are no more`, {
    expected: `features among ${[...known].join(", ")}`,
    found: gone.join(", "),
  });
}
