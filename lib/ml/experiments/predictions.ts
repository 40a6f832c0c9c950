/** What a model said of each row of a test: checked, stored compactly, read again. */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { InputError, LakeError } from "shopflow/errors/mod.ts";

/** Scores with what happened, row by row. */
export interface PredictionsInput {
  /** Names each row, such as a customer; the same in all trials that are to be compared. */
  ids: ArrayLike<string | number>;
  /** What happened: 0 or 1 (or false, true) of two classes; else the number that was to be predicted. */
  labels: ArrayLike<number | boolean>;
  /** What the model said: a probability, another score, or the predicted number. */
  scores: ArrayLike<number>;
}

/** Predictions that were checked. */
export interface Predictions {
  ids: string[];
  labels: Float64Array;
  scores: Float64Array;
}

/**
 * Checks predictions.
 *
 * @throws {InputError} on lengths that differ, no rows, an id that is there twice, or what is no finite number.
 */
export function readPredictions({ ids, labels, scores, ...others }: PredictionsInput): Predictions {
  const unknown = Object.keys(others);
  const lengths = [ids, labels, scores].map((values) => values?.length);
  if (unknown.length > 0 || lengths.some((length) => length === undefined)) {
    throw invalid(
      "ids, labels and scores, a list each",
      [...unknown, ...missing({ ids, labels, scores })].join(", "),
    );
  }
  if (new Set(lengths).size > 1 || lengths[0] === 0) {
    throw invalid(
      "ids, labels and scores of the same rows, at least one",
      `${lengths[0]} ids, ${lengths[1]} labels, ${lengths[2]} scores`,
    );
  }
  const names = Array.from(ids, String);
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) {
      throw invalid(
        "each id once; a customer on several dates is `${id}@${date}`",
        `${JSON.stringify(name)} twice`,
      );
    }
    seen.add(name);
  }
  return { ids: names, labels: numbers("label", labels), scores: numbers("score", scores) };
}

const missing = (lists: Record<string, unknown>) =>
  Object.entries(lists).filter(([, list]) => list === undefined).map(([name]) => `no ${name}`);

function numbers(kind: string, values: ArrayLike<number | boolean>): Float64Array {
  return Float64Array.from({ length: values.length }, (_, row) => {
    const value = values[row];
    if (typeof value === "boolean") return Number(value);
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw invalid(`a finite number as each ${kind}`, `${typeof value} ${value} in row ${row}`);
  });
}

const invalid = (expected: string, found: string) =>
  new InputError("Invalid predictions of a trial", { expected, found });

/** Whether the labels are those of two classes. */
export const areClasses = (labels: Float64Array): boolean =>
  labels.every((label) => label === 0 || label === 1);

/** The same text for tests of the same rows with the same outcomes, in whichever order. */
export function testFingerprint({ ids, labels }: Predictions): string {
  const rows = ids.map((id, row) => `${JSON.stringify(id)} ${labels[row]}`).sort();
  return createHash("sha256").update(rows.join("\n")).digest("hex").slice(0, 12);
}

const FORMAT = "shopflow-trial-predictions-1";

/** Compressed JSON with the numbers as base64 of little-endian doubles. */
export function encodePredictions({ ids, labels, scores }: Predictions): Uint8Array {
  const base64 = ({ buffer, byteOffset, byteLength }: Float64Array) =>
    Buffer.from(buffer, byteOffset, byteLength).toString("base64");
  const body = JSON.stringify({ format: FORMAT, ids, labels: base64(labels), scores: base64(scores) });
  return new Uint8Array(gzipSync(body));
}

/**
 * Reads what {@linkcode encodePredictions} wrote.
 *
 * @throws {LakeError} when it is damaged.
 */
export function decodePredictions(body: Uint8Array, key: string): Predictions {
  try {
    const { format, ids, labels, scores } = JSON.parse(new TextDecoder().decode(gunzipSync(body)));
    if (format !== FORMAT) throw new TypeError(`the format ${format}`);
    const doubles = (text: string) => new Float64Array(Uint8Array.from(Buffer.from(text, "base64")).buffer);
    const read = { ids, labels: doubles(labels), scores: doubles(scores) };
    if (read.labels.length !== ids.length || read.scores.length !== ids.length) {
      throw new TypeError(`${ids.length} ids, ${read.labels.length} labels, ${read.scores.length} scores`);
    }
    return read;
  } catch (cause) {
    throw new LakeError(`The predictions ${key} cannot be read`, {
      expected: FORMAT,
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: "Log the trial again, or restore the file from a backup.",
      cause,
    });
  }
}
