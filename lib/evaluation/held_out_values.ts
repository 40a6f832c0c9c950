import { ModelError } from "shopflow/errors/mod.ts";
import { Buffer } from "node:buffer";
import { gunzipSync, gzipSync } from "node:zlib";

/** What a version said of each held-out customer when it was trained: kept for comparisons with later versions. */
export interface HeldOutValues {
  /** What the values are, e.g. `churn_probability`. */
  figure: string;
  customerIds: string[];
  /** Of each customer the day from which on nothing was known to the model. */
  days: string[];
  values: Float64Array;
}

/** The file of a version that holds them: compressed JSON with the values as base64 of little-endian doubles. */
export const HELD_OUT_FILE = "held_out.json.gz";
const FORMAT = "shopflow-held-out-1";

/** The file of {@linkcode HELD_OUT_FILE}; equal values give equal bytes. */
export function heldOutFile(
  { figure, customerIds, days, values }: HeldOutValues,
): Record<string, Uint8Array> {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const body = JSON.stringify({
    format: FORMAT,
    figure,
    customerIds,
    days,
    values: bytes.toString("base64"),
  });
  return { [HELD_OUT_FILE]: new Uint8Array(gzipSync(body)) };
}

/**
 * Reads what a version said of held-out customers.
 *
 * @returns undefined when the version kept none.
 * @throws {ModelError} when the file is damaged, or holds another figure.
 */
export function readHeldOut(
  files: Readonly<Record<string, Uint8Array>>,
  figure: string,
): HeldOutValues | undefined {
  const file = files[HELD_OUT_FILE];
  if (file === undefined) return undefined;
  const damaged = (expected: string, found: string, cause?: unknown) =>
    new ModelError("The stored predictions of a model cannot be read", { expected, found, cause });
  let content;
  try {
    content = JSON.parse(new TextDecoder().decode(gunzipSync(file)));
  } catch (cause) {
    throw damaged(`compressed JSON in ${HELD_OUT_FILE}`, `${file.length} bytes that are not`, cause);
  }
  if (content.format !== FORMAT || content.figure !== figure) {
    throw damaged(`${FORMAT} of ${figure}`, `${content.format} of ${content.figure}`);
  }
  const { customerIds, days } = content;
  const bytes = Uint8Array.from(Buffer.from(content.values, "base64"));
  if (bytes.length !== 8 * customerIds.length || days.length !== customerIds.length) {
    throw damaged(`${customerIds.length} days and values`, `${days.length} and ${bytes.length / 8}`);
  }
  return { figure, customerIds, days, values: new Float64Array(bytes.buffer) };
}

/** Finds the value of a customer and day; undefined of those that are not in it. */
export function heldOutLookup(
  { customerIds, days, values }: HeldOutValues,
): (customerId: string, day: string) => number | undefined {
  const rows = new Map(customerIds.map((id, row) => [`${id}\n${days[row]}`, row]));
  return (customerId, day) => values[rows.get(`${customerId}\n${day}`) ?? -1];
}
