import { TooLittleDataError } from "shopflow/errors/mod.ts";
import type { Progress } from "shopflow/runtime/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
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
 * where no trial of the offer was drawn.
 */
export async function mostKnownTrial(
  session: Pick<Session, "rows">,
  events: readonly OfferEvent[],
  offer: Pick<Offer, "name">,
): Promise<TrialOutcomes | undefined> {
  const trials = new Set(
    standing(events).filter(({ request }) => request.offer.name === offer.name).map(({ request }) =>
      request.trial
    ),
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
 *
 * @param outcomes A trial of the same offer.
 */
export async function upliftScores(
  outcomes: TrialOutcomes | undefined,
  candidates: readonly Candidate[],
  { seed, progress }: UpliftOptions,
): Promise<UpliftScores> {
  if (outcomes === undefined) return { because: "No trial of this offer was drawn yet." };
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
    return {
      because,
      effects: new Map(candidates.map(({ customerId }, row) => [customerId, uplift[row] ?? NaN])),
    };
  } catch (error) {
    // As where nobody bought anything.
    if (!(error instanceof TooLittleDataError)) throw error;
    return { because: `Trial ${name}: ${error.message}` };
  }
}

const valueAtRisk = (row: TrialRow) => Number(row.churn_probability ?? 0) * Number(row.usual_spend ?? 0);
