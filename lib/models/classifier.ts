import { ModelError, TooLittleDataError } from "shopflow/errors/mod.ts";
import type { FeatureMatrix } from "./feature_matrix.ts";

/** A fitted classifier of two classes. */
export interface Classifier {
  readonly featureNames: readonly string[];
  /**
   * Probability of class 1, one a row.
   *
   * @throws {ModelError} when the features are not those of the fit.
   */
  predict(features: FeatureMatrix): Float64Array;
  /** The model's files, from which `load` of its trainer makes it again. */
  save(): Record<string, Uint8Array>;
}

/** A way to fit a classifier. Every one passes tests/contracts/classifier_contract.ts. */
export interface ClassifierTrainer<Model extends Classifier = Classifier> {
  readonly name: string;
  /**
   * Fits on rows and their classes (0 or 1). The same rows and seed give the same model.
   *
   * @throws {ModelError} when there are no rows, rows and labels differ in number, or one class is absent.
   */
  fit(features: FeatureMatrix, labels: Uint8Array, options?: { seed?: number }): Promise<Model>;
  /** @throws {ModelError} when a file is missing or not of this kind. */
  load(files: Record<string, Uint8Array>): Model;
}

/**
 * What every fit needs.
 *
 * @throws {ModelError} on rows or labels nothing can be learned from.
 */
export function checkTrainingData(features: FeatureMatrix, labels: Uint8Array): void {
  if (features.rows === 0 || features.names.length === 0) {
    throw new ModelError("There is nothing to learn from", {
      expected: "at least one row and one feature",
      found: `${features.rows} rows of ${features.names.length} features`,
    });
  }
  if (labels.length !== features.rows) {
    throw new ModelError("Rows and labels differ in number", {
      expected: `${features.rows} labels`,
      found: String(labels.length),
    });
  }
  const positives = labels.reduce((sum, label) => sum + (label === 1 ? 1 : 0), 0);
  const others = labels.findIndex((label) => label > 1);
  if (others >= 0) {
    throw new ModelError("A label is not a class", { expected: "0 or 1", found: String(labels[others]) });
  }
  if (positives === 0 || positives === labels.length) {
    throw new TooLittleDataError("All rows are of one class", {
      expected: "rows of class 0 and of class 1",
      found: `${labels.length} rows of class ${positives === 0 ? 0 : 1}`,
      remedy: "Use a period in which some customers stayed and some left.",
    });
  }
}

/**
 * A file of a saved model as JSON.
 *
 * @throws {ModelError} when it is missing or of another format.
 */
export function readModelJson<T extends { format: string }>(
  files: Record<string, Uint8Array>,
  file: string,
  format: T["format"],
): T {
  const body = files[file];
  if (body === undefined) {
    throw new ModelError("A file of the model is missing", {
      expected: file,
      found: Object.keys(files).join(", ") || "no files",
    });
  }
  let found: string;
  try {
    const value = JSON.parse(new TextDecoder().decode(body)) as T;
    if (value.format === format) return value;
    found = JSON.stringify(value.format ?? null);
  } catch (cause) {
    throw new ModelError(`The model file ${file} is not JSON`, { cause, remedy: "Train the model again." });
  }
  throw new ModelError(`The model file ${file} is of another kind`, {
    expected: format,
    found,
    remedy: "Train the model again.",
  });
}

/** The inverse of {@linkcode readModelJson}. */
export function writeModelJson<T extends { format: string }>(value: T): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value) + "\n");
}
