import { ModelError } from "shopflow/errors/mod.ts";
import { encodeJson } from "shopflow/lake/store/mod.ts";
import type { CalibrationBin } from "../evaluation/mod.ts";
import type { Distribution } from "../monitoring/distribution.ts";

/** A feature as a version learned from it. */
export interface FeatureEvidence {
  name: string;
  description: string;
  unit: string;
  /** Its values in the training, to see later whether they moved. */
  training: Distribution;
  /** Mean size of its contribution to a prediction, in the model's own unit; undefined where that is not known. */
  influence?: number;
}

/** A metric of the rows of a part of the test set. */
export interface SliceEvidence {
  /** What the test set is cut by, e.g. `country`. */
  by: string;
  /** The part, e.g. `Germany`. */
  part: string;
  rows: number;
  /** Null where the rows are too few, or all of one outcome. */
  value: number | null;
  /** 95 % interval. */
  interval: [low: number, high: number] | null;
}

/**
 * What a training leaves behind for whoever has to trust its version: the model card is written from it, and later runs
 * are compared with it. Equal trainings leave equal bytes.
 */
export interface ModelEvidence {
  /** What was learned from and measured on, as sentences: dates, rows, population, label. */
  data: string[];
  /** How the version was chosen and fitted, as sentences: search, early stopping, calibration. */
  method?: string[];
  features: FeatureEvidence[];
  /** 95 % intervals of metrics of the card, by their names. */
  intervals?: Record<string, [low: number, high: number]>;
  /** Of the metric of this name. */
  slices?: { metric: string; parts: SliceEvidence[] };
  /** Predicted beside observed on the test set. */
  calibration?: CalibrationBin[];
  /** What it said of its test set, to see later whether scores moved. */
  scores?: Distribution;
}

/** The file of a version that holds its evidence. */
const EVIDENCE_FILE = "evidence.json";

/** The file of a version; equal evidence gives equal bytes. */
export function evidenceFile(evidence: ModelEvidence): Record<string, Uint8Array> {
  return { [EVIDENCE_FILE]: encodeJson(evidence) };
}

/**
 * The evidence of a version; undefined where it left none, such as a baseline.
 *
 * @throws {ModelError} when the file is damaged.
 */
export function readEvidence(files: Readonly<Record<string, Uint8Array>>): ModelEvidence | undefined {
  const file = files[EVIDENCE_FILE];
  if (file === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(file)) as ModelEvidence;
  } catch (cause) {
    throw new ModelError("The evidence of a model version cannot be read", {
      expected: `JSON in ${EVIDENCE_FILE}`,
      found: `${file.length} bytes that are not`,
      cause,
    });
  }
}
