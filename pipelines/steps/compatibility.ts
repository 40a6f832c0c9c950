import { ModelError, someOf } from "shopflow/errors/mod.ts";
import type { ModelDefinition } from "shopflow/ml/mod.ts";
import { isBaseline, type ModelVersion } from "shopflow/ml/registry/mod.ts";

/**
 * Lets a version pass that the present code can score with.
 *
 * @throws {ModelError} when it cannot: it is a baseline, its files are of another format, or a feature that it uses is
 *   not computed any more.
 */
export function assertCompatible(model: ModelDefinition | undefined, version: ModelVersion): void {
  const { card } = version;
  if (isBaseline(card)) {
    throw new ModelError(`${card.version} is the baseline of the ${card.name} model`, {
      expected: "a trained version",
      found: "the baseline, which serves by itself while no model can",
    });
  }
  if (model === undefined) {
    throw new ModelError(`The code has no ${card.name} model any longer`, {
      found: `version ${card.version}, trained ${card.trainedAt}`,
    });
  }
  const gone = missingFeatures(model, version);
  if (gone.length === 0) return;
  throw new ModelError(
    `The ${card.name} model ${card.version} uses features that no longer exist`,
    {
      found: someOf(gone),
      remedy: "Promote a version that was trained since, or train one.",
    },
  );
}

/**
 * Features that a version uses and the present code does not compute.
 *
 * @throws {ModelError} when its files are damaged or of another format.
 */
export function missingFeatures({ training }: ModelDefinition, version: ModelVersion): string[] {
  return whileReading(version, () => training?.missingFeatures(version.files) ?? []);
}

/** What is computed from the content of damaged files fails in any way. */
export function whileReading<T>({ card }: ModelVersion, work: () => T): T {
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
