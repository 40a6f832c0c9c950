import { InputError, someOf, TooLittleDataError } from "shopflow/errors/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import {
  type ArmEffect,
  estimateEffect,
  planTrial,
  type PolicyPoint,
  policyValue,
  readTrial,
} from "../effect/mod.ts";
import { armCounts, type OfferEvent } from "../ledger/events.ts";
import {
  readTrialOutcomes,
  type TrialDraw,
  type TrialOutcomes,
  type TrialRow,
  trialsIn,
} from "./outcomes.ts";

/** An outcome of a trial. */
export interface OutcomeDefinition {
  column: "ordered" | "net_sales" | "profit";
  label: string;
  /** A share of customers, or money a customer. */
  unit: "share" | "money";
}

export const OUTCOMES: readonly OutcomeDefinition[] = [
  { column: "ordered", label: "customers who ordered", unit: "share" },
  { column: "net_sales", label: "net sales a customer", unit: "money" },
  { column: "profit", label: "profit a customer", unit: "money" },
];

/** What was known before the offer and goes along with what came after, for CUPED. */
const BEFORE = "earlier_sales";

/** The effect of an offer on one outcome. */
export interface OutcomeEffect {
  outcome: OutcomeDefinition;
  /** By inverse propensity weights (Hájek), with the probabilities that the ledger recorded. */
  weighted: ArmEffect;
  /** The same after CUPED took off what sales of as many days before explain; undefined where these do not vary. */
  adjusted?: ArmEffect;
  /** The effect that a trial of this size misses in one case of five, in the outcome's unit. */
  detectable: number;
}

/** What offers by a rule would have brought, by the share of the customers who get one. */
export interface PolicyCurve {
  /** What customers are ranked by. */
  ranking: string;
  /** Profit in currency a customer of all in the trial. */
  points: PolicyPoint[];
}

/** What a trial brought, as far as it is known. */
export interface TrialResults extends TrialOutcomes {
  /** Customers whose outcomes are known. */
  customers: { offered: number; heldOut: number };
  effects: OutcomeEffect[];
  policies: PolicyCurve[];
  /** Profit that the offers added, of all who got one: with its interval, in currency. */
  addedProfit?: { estimate: number; low: number; high: number };
  /** What a reader must know, in sentences; why there is no effect to read is among them. */
  notes: string[];
}

/** Contacting the customers with the highest values first. */
const POLICIES: [ranking: string, score: (row: TrialRow) => number][] = [
  ["churn probability", (row) => Number(row.churn_probability ?? 0)],
  ["value at risk", (row) => Number(row.churn_probability ?? 0) * Number(row.usual_spend ?? 0)],
];

/**
 * Reads the effect of a trial from the orders since: intention to treat, so everybody counts in the group they were
 * drawn into, whether they used the offer or not.
 *
 * @param session A session with the curated tables.
 * @param events All events of the ledger.
 * @throws {InputError} when there is no such trial.
 */
export async function readTrialResults(
  session: Pick<Session, "rows">,
  events: readonly OfferEvent[],
  trial: string,
): Promise<TrialResults> {
  const trials = trialsIn(events);
  if (!trials.includes(trial)) {
    throw new InputError("There is no such trial", {
      expected: trials.length === 0
        ? `a trial; no list ${events.length === 0 ? "was drawn yet" : "stands that was not cancelled"}`
        : someOf(trials),
      found: JSON.stringify(trial),
      remedy: "`deno task offers list` has the lists with their trials.",
    });
  }
  return trialResults(await readTrialOutcomes(session, events, trial));
}

/** The effect of a trial whose outcomes were read. */
export function trialResults(outcomes: TrialOutcomes): TrialResults {
  const { rows, draws } = outcomes;
  const offered = rows.filter((row) => row.offered === 1).length;
  const customers = { offered, heldOut: rows.length - offered };
  const notes = [
    ...openNotes(draws, outcomes.dataUntil),
    ...repeatedNotes(outcomes.repeated),
    ...elsewhereNotes(outcomes.offeredElsewhere),
    ...globalControlNotes(outcomes.withoutEarlierOffers, customers.heldOut),
  ];
  const results: TrialResults = { ...outcomes, customers, effects: [], policies: [], notes, rows };
  if (rows.length === 0) return results;
  if (Math.min(customers.offered, customers.heldOut) < 2) {
    notes.push(
      `There is nothing to compare: ${formatCount(customers.offered)} customers got the offer and ` +
        `${formatCount(customers.heldOut)} were held out.`,
    );
    return results;
  }
  for (const outcome of OUTCOMES) {
    const effect = outcomeEffect(rows, outcome, notes);
    if (effect !== undefined) results.effects.push(effect);
  }
  const profit = results.effects.find(({ outcome }) => outcome.column === "profit");
  if (profit !== undefined) {
    const { effect, interval } = profit.adjusted ?? profit.weighted;
    results.addedProfit = {
      estimate: effect * offered,
      low: interval.low * offered,
      high: interval.high * offered,
    };
    const trial = readTrial(rows, columnsOf("profit"));
    results.policies = POLICIES.map(([ranking, score]) => ({
      ranking,
      points: policyValue(trial, rows.map(score)),
    }));
  }
  return results;
}

/** How the effect's functions name the columns. */
export const columnsOf = (outcome: OutcomeDefinition["column"]) => ({
  treatment: "offered",
  outcome,
  propensity: "probability",
  // An uneven split is reported but not refused: the ledger recorded it before any outcome was known.
  sampleRatioMismatch: "note" as const,
});

function outcomeEffect(
  rows: readonly TrialRow[],
  outcome: OutcomeDefinition,
  notes: string[],
): OutcomeEffect | undefined {
  try {
    const plain = readTrial(rows, columnsOf(outcome.column));
    const [weighted] = estimateEffect(plain, { method: "hajek", cuped: false });
    const varies = rows.some((row) => row[BEFORE] !== rows[0]?.[BEFORE]);
    const [adjusted] = varies
      ? estimateEffect(readTrial(rows, { ...columnsOf(outcome.column), covariates: [BEFORE] }), {
        method: "hajek",
        cuped: true,
      })
      : [];
    for (const note of weighted!.notes) if (!notes.includes(note)) notes.push(note);
    return {
      outcome,
      weighted: weighted!,
      ...(adjusted && { adjusted }),
      detectable: detectableEffect(rows, outcome, adjusted ?? weighted!),
    };
  } catch (error) {
    // As where nobody bought anything: that is a finding, and no reason to hide the other outcomes.
    if (!(error instanceof TooLittleDataError)) throw error;
    notes.push(`No effect on ${outcome.label} can be read. ${error.message}`);
    return undefined;
  }
}

/** The least effect that a trial with these errors finds with a probability of 0.8, two-sided at 0.05. */
function detectableEffect(
  rows: readonly TrialRow[],
  { unit }: OutcomeDefinition,
  { standardError, rows: treated, controlRows }: ArmEffect,
): number {
  const share = treated / rows.length;
  // The deviation within an arm that gives this error.
  const standardDeviation = standardError / Math.sqrt(1 / treated + 1 / controlRows);
  if (!(standardDeviation > 0)) return 0;
  const { effect } = planTrial({
    measure: "mean",
    standardDeviation,
    rows: rows.length,
    treatedShare: share,
  });
  return unit === "share" ? Math.min(1, effect) : effect;
}

function openNotes(draws: TrialDraw[], dataUntil: string): string[] {
  const open = draws.filter(({ isKnown }) => !isKnown);
  const notes = open.map(({ draw, knownFrom }) => {
    const { offered, heldOut } = armCounts(draw);
    return `${draw.id} is not known yet: outcomes of its ${
      formatCount(offered + heldOut)
    } customers are known from ` +
      `${knownFrom} on, and the data ends before ${dataUntil}.`;
  });
  if (open.length === 0 || open.length === draws.length) return notes;
  return [
    ...notes,
    "The intervals below are for one look at the data. Who looks after each list and stops as soon as 0 lies outside " +
    "finds effects that are not there in more than 5 of 100 trials: decide when all lists are known.",
  ];
}

function elsewhereNotes({ offered, heldOut }: TrialOutcomes["offeredElsewhere"]): string[] {
  if (offered + heldOut === 0) return [];
  return [
    `Another trial made an offer within their outcome window to ${
      formatCount(offered)
    } of the customers offered and ` +
    `${
      formatCount(heldOut)
    } of those held out: the effect is that of this offer beside the others, not that of this ` +
    "offer alone.",
  ];
}

const repeatedNotes = (repeated: number): string[] =>
  repeated === 0 ? [] : [
    `${
      formatCount(repeated)
    } entries of later lists are of customers whom an earlier list had; each counts once.`,
  ];

const globalControlNotes = (withoutEarlierOffers: number, heldOut: number): string[] =>
  withoutEarlierOffers === 0 ? [] : [
    `${formatCount(withoutEarlierOffers)} of the ${
      formatCount(heldOut)
    } held out are of the global control, to whom ` +
    "earlier trials made no offer either: what those offers still do to the others is part of the effect.",
  ];

/** Whether an effect is shown, in a sentence with its interval. */
export function conclusionText({ outcome, weighted, adjusted, detectable }: OutcomeEffect): string {
  const { effect, interval: { low, high }, isEnough } = adjusted ?? weighted;
  const text = (value: number) => differenceText(outcome, value);
  const range = `95 % interval ${text(low)} to ${text(high)}`;
  const few = isEnough ? "" : " Too few customers did anything to say much.";
  if (low <= 0 && high >= 0) {
    return `No effect on ${outcome.label} is shown: ${
      text(effect)
    }, ${range}, includes 0. A trial of this size ` +
      `misses an effect of ${text(detectable)} in one case of five.${few}`;
  }
  return `The offer ${effect > 0 ? "raised" : "lowered"} ${outcome.label} by ${
    text(Math.abs(effect))
  } (${range}).${few}`;
}

/** A value of an outcome: a share in percent, an amount with two decimals. */
export function outcomeText({ unit }: Pick<OutcomeDefinition, "unit">, value: number): string {
  return withMinus(unit === "share" ? `${(100 * value).toFixed(1)} %` : value.toFixed(2));
}

/** A difference of two values of an outcome: of shares in points. */
export function differenceText({ unit }: Pick<OutcomeDefinition, "unit">, value: number): string {
  return withMinus(unit === "share" ? `${(100 * value).toFixed(1)} points` : value.toFixed(2));
}

const withMinus = (text: string) => text.replace("-", "−");
