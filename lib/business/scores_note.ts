import { daysBetween } from "shopflow/features/mod.ts";

/**
 * What a reader must know of a list that comes from published scores which are not of the report's data; undefined
 * where they are.
 *
 * @param what The list, in the plural, e.g. `Churn scores`.
 * @param scores Their as-of date, and whether they were made from the snapshot that the report reads.
 * @param dataAsOf The date that scores of the report's data would have.
 */
export function scoresNote(
  what: string,
  scores: { asOf?: string; ofThisSnapshot: boolean },
  dataAsOf: string,
): string | undefined {
  if (scores.ofThisSnapshot) return undefined;
  const served = "The application answers from the same ones.";
  if (scores.asOf === undefined) return `${what} were made from other data than this report's. ${served}`;
  if (scores.asOf > dataAsOf) {
    return `${what} are as of ${scores.asOf}, of newer data than this report's, which are as of ${dataAsOf}. ${served}`;
  }
  if (scores.asOf === dataAsOf) {
    return `${what} are as of ${scores.asOf}, but what arrived later with that date is not in them: ` +
      `they have not been updated since. ${served}`;
  }
  const days = daysBetween(scores.asOf, dataAsOf);
  return `${what} are **out of date**: they are as of ${scores.asOf}, ${days} ${
    days === 1 ? "day" : "days"
  } before ` +
    `the data, which are as of ${dataAsOf}. Scoring has not run since, or has failed. ${served}`;
}
