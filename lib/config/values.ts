import { ConfigError } from "shopflow/errors/mod.ts";
import { shownValue } from "./connection_url.ts";

/**
 * A number setting.
 *
 * @param accepts Whether a number is one that the setting may have.
 * @param expected Which numbers these are, for the message.
 */
export function numberSetting(
  env: Record<string, string | undefined>,
  name: string,
  accepts: (number: number) => boolean,
  expected: string,
): number | undefined {
  const value = env[name];
  if (!value) return undefined;
  const number = Number(value);
  if (accepts(number)) return number;
  throw new ConfigError(`Invalid ${name}`, { expected, found: shownValue(value) });
}

export const isWhole = (number: number) => Number.isSafeInteger(number);

export const A_NUMBER_OF_HOURS = "a number of hours above 0, e.g. 36";
export const isPositive = (number: number) => Number.isFinite(number) && number > 0;

/** The larger of both is allowed. */
export interface QuarantineLimit {
  rows: number;
  /** Share of the table's rows, 0 to 1. */
  share: number;
}

/** Few wrong rows are slips, however small a table is; of a large one, so is a hundredth. */
const DEFAULT_LIMIT: QuarantineLimit = { rows: 20, share: 0.01 };

/**
 * `SHOPFLOW_QUARANTINE_LIMIT`: a number of rows or a percentage.
 *
 * @throws {ConfigError} when it is neither.
 */
export function quarantineLimit(value: string | undefined): QuarantineLimit {
  if (!value) return DEFAULT_LIMIT;
  const [, digits, percent] = /^(\d+(?:\.\d+)?) ?(%?)$/.exec(value.trim()) ?? [];
  const number = Number(digits);
  if (percent && number <= 100) return { rows: 0, share: number / 100 };
  if (percent === "" && isWhole(number)) return { rows: number, share: 0 };
  throw new ConfigError("Invalid SHOPFLOW_QUARANTINE_LIMIT", {
    expected: "a whole number of rows, e.g. 500, or a percentage up to 100 %, e.g. 2%; 0 allows none",
    found: shownValue(value),
  });
}

export const numberToKeep = (env: Record<string, string | undefined>, name: string) =>
  numberSetting(env, name, (count) => isWhole(count) && count >= 1, "a whole number above 0, e.g. 30");

/** @throws {ConfigError} when it is neither. */
export function promotionBy(value: string | undefined): "rule" | "person" {
  if (!value) return "rule";
  if (value === "rule" || value === "person") return value;
  throw new ConfigError("Invalid SHOPFLOW_PROMOTION", {
    expected: "rule or person",
    found: shownValue(value),
  });
}

const HORIZONS = [30, 60, 90] as const;

/** @throws {ConfigError} when it is none of the horizons. */
export function churnHorizon(value: string | undefined): 30 | 60 | 90 {
  const horizon = HORIZONS.find((days) => String(days) === (value || "90").trim());
  if (horizon !== undefined) return horizon;
  throw new ConfigError("Invalid SHOPFLOW_CHURN_HORIZON_DAYS", {
    expected: `one of ${HORIZONS.join(", ")}`,
    found: shownValue(value ?? ""),
  });
}

const MOST_TRIALS = 1000;

/** @throws {ConfigError} when it is no whole number, or more than anybody waits for. */
export const searchTrials = (env: Record<string, string | undefined>): number =>
  numberSetting(
    env,
    "SHOPFLOW_SEARCH_TRIALS",
    (count) => isWhole(count) && count >= 0 && count <= MOST_TRIALS,
    `a whole number from 0 to ${MOST_TRIALS}`,
  ) ?? 3;
