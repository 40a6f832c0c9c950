import { TooLittleDataError } from "shopflow/errors/mod.ts";
import type { Progress } from "shopflow/runtime/mod.ts";
import { countOf, formatCount } from "shopflow/runtime/mod.ts";
import { encodeFeatures, openColumns } from "../effect/columns.ts";
import { readTrial } from "../effect/mod.ts";
import { type OfferEvent, standing } from "../ledger/events.ts";
import type { Offer } from "../offer.ts";
import { columnsOf } from "../read_out/results.ts";
import { readTrialOutcomes, type TrialOutcomes, type TrialRow } from "../read_out/outcomes.ts";
import { decideTargeting } from "../uplift/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { type Candidate, COVARIATES } from "./population.ts";
import type { UpliftScores } from "./rules.ts";

/** Fewer customers of a group teach no model anything. */
const FEWEST = 50;

interface UpliftOptions {
  seed: number;
  progress?: Progress;
}

/**
 * The outcomes of the trial of an offer that taught most: the one with most customers whose outcomes are known. Undefined
 * where no trial of the offer was drawn. An offer that gives more or less than it did is another one, whatever its name.
 */
export async function mostKnownTrial(
  session: Pick<Session, "rows">,
  events: readonly OfferEvent[],
  offer: Pick<Offer, "name" | "discount" | "amount">,
): Promise<TrialOutcomes | undefined> {
  const trials = new Set(
    standing(events).map(({ request }) => request).filter(({ offer: { name, discount, amount } }) =>
      name === offer.name && discount === offer.discount && amount === offer.amount
    ).map(({ trial }) => trial),
  );
  let most: TrialOutcomes | undefined;
  for (const trial of trials) {
    const outcomes = await readTrialOutcomes(session, events, trial);
    if (most === undefined || outcomes.rows.length > most.rows.length) most = outcomes;
  }
  return most;
}

/**
 * What the rule `uplift` ranks by: the profit that a trial lets expect of making the offer to each candidate. It takes over
 * from value at risk only where the trial shows, beyond chance, that it gains more; else it says why it does not.
 * Candidates unlike all in the trial have no effect, and are not chosen: of them it says nothing.
 *
 * @param outcomes A trial of the same offer.
 */
export async function upliftScores(
  outcomes: TrialOutcomes | undefined,
  candidates: readonly Candidate[],
  { seed, progress }: UpliftOptions,
): Promise<UpliftScores> {
  if (outcomes === undefined) return { because: "No trial of this offer, as it is now, was drawn yet." };
  const { trial: name, rows, draws } = outcomes;
  const offered = rows.filter((row) => row.offered === 1).length;
  if (Math.min(offered, rows.length - offered) < FEWEST) {
    const open = draws.find(({ isKnown }) => !isKnown);
    return {
      because: `Outcomes of the trial ${name} are known of ${formatCount(offered)} offered and ` +
        `${formatCount(rows.length - offered)} held out; at least ${FEWEST} of each are needed` +
        (open === undefined ? "." : `, and more are known from ${open.knownFrom} on.`),
    };
  }
  try {
    const trial = readTrial(rows, { ...columnsOf("profit"), features: COVARIATES });
    const decision = await decideTargeting(trial, {
      seed,
      rule: { name: "value at risk", scores: rows.map(valueAtRisk) },
      ...(progress && { progress }),
    });
    const because = `Trial ${name}: ${decision.why}`;
    if (decision.policy !== "uplift") return { because };
    if (candidates.length === 0) return { because, effects: new Map() };
    const columns = openColumns(candidates.map(({ covariates }) => covariates));
    const { uplift } = decision.model.predict(encodeFeatures(trial.encoding, columns));
    const isLike = likeThoseOf(rows);
    const effects = new Map(
      candidates.flatMap(({ customerId, covariates }, row) =>
        isLike(covariates) ? [[customerId, uplift[row] ?? NaN] as const] : []
      ),
    );
    const unlike = candidates.length - effects.size;
    return {
      because: unlike === 0
        ? because
        : `${because} Of ${
          countOf(unlike, "customer")
        } it says nothing, as nobody in the trial had such a churn ` +
          "probability, value at risk or recency: they are not chosen.",
      effects,
    };
  } catch (error) {
    // As where nobody bought anything.
    if (!(error instanceof TooLittleDataError)) throw error;
    return { because: `Trial ${name}: ${error.message}` };
  }
}

type Known = Readonly<Record<"churn_probability" | "usual_spend" | "recency_days", unknown>>;

const valueAtRisk = ({ churn_probability: risk, usual_spend: spend }: Known | TrialRow) =>
  Number(risk ?? 0) * Number(spend ?? 0);

/** What lists are limited by, and so what a trial has customers of one kind only by. */
const LIMITED_BY: ((known: Known | TrialRow) => number)[] = [
  ({ churn_probability: risk }) => Number(risk ?? NaN),
  valueAtRisk,
  ({ recency_days: days }) => Number(days ?? NaN),
];

/**
 * Whether a customer is within the range of those in a trial. Beyond it trees say what they say at its edge: a list of
 * the riskiest customers teaches nothing of the loyal ones.
 */
function likeThoseOf(rows: readonly TrialRow[]): (known: Known) => boolean {
  const ranges = LIMITED_BY.map((value) => {
    let low = Infinity, high = -Infinity;
    for (const row of rows) {
      const one = value(row);
      if (one < low) low = one;
      if (one > high) high = one;
    }
    return { value, low, high };
  });
  return (known) =>
    ranges.every(({ value, low, high }) => {
      const one = value(known);
      return Number.isNaN(one) || one >= low && one <= high;
    });
}
