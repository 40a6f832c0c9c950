import { InputError } from "shopflow/errors/mod.ts";
import { addDays, daysBetween } from "shopflow/ml/mod.ts";
import {
  armCounts,
  type Draw,
  type DrawRequest,
  type DrawState,
  drawStates,
  type ListedCustomer,
  type OfferEvent,
  standing,
} from "../ledger/events.ts";
import { expectedCost, type OfferPolicy, offerText } from "../offer.ts";
import { assignment, type Randomisation, treatmentProbability } from "./assignment.ts";
import type { Candidate, Population } from "./population.ts";
import { type AppliedRule, parseRule, rank, type UpliftScores } from "./rules.ts";

/** What a person asks for; what is left out is that of the trial so far, of the offer or of the business. */
export interface DrawOptions extends Omit<DrawRequest, "holdOut" | "seed" | "rule"> {
  /** Default: the trial and the first day of the offer. */
  id?: string | undefined;
  rule: string;
  /** Default: the trial's, {@link FIRST_HOLD_OUT} in a new one. */
  holdOut?: number | undefined;
  /** Default: the trial's, {@link FIRST_SEED} in a new one. */
  seed?: number | undefined;
  /** Default: the day that scores are as of. */
  startsOn?: string | undefined;
}

/** What a list is drawn from. */
export interface DrawInputs {
  population: Population;
  /** Ids of an audience; undefined where everybody with a score may be chosen. */
  audience?: ReadonlySet<string> | undefined;
  policy: OfferPolicy;
  riskAbove: number;
  saveRate: number;
  uplift?: UpliftScores | undefined;
  model: Draw["model"];
  snapshot: string;
  now: Date;
}

/** Of a trial that does not say: a fifth is held out, enough to see an effect and little to lose. */
const FIRST_HOLD_OUT = 0.2;
const FIRST_SEED = 42;
const NAME = /^[a-z0-9][a-z0-9_.-]{0,79}$/;

/** A list, and whether it was drawn now or stood in the ledger already. */
export interface DrawnList {
  draw: Draw;
  isNew: boolean;
}

/**
 * Draws a list: the rule ranks the customers; from the best on, each is divided at random into those who get the offer and
 * those who are held out, until the next offer would exceed the budget. The held-out cost nothing, and they are
 * recorded as the list's own control group: chosen by the same rule on the same day. Nobody is on it who was on a list of
 * any trial within the quiet days, offered or held out: both groups rest alike, and another trial's offers do not reach
 * those alone who were held out of this one.
 *
 * The list is a function of its arguments: equal ones give an equal list. The budget decides the list's end by the costs
 * of those who got the offer, so the last customer's group is not quite random: that shifts an effect by at most the
 * weight of one customer.
 *
 * @param events All events of the ledger.
 * @returns The list of this id that is in the ledger already, where the same was asked for.
 * @throws {InputError} when an option is invalid, differs from the trial's, or the id is that of another list.
 */
export function drawList(options: DrawOptions, inputs: DrawInputs, events: readonly OfferEvent[]): DrawnList {
  const startsOn = options.startsOn ?? inputs.population.asOf;
  addDays(startsOn, 0);
  const id = checkName("id of the list", options.id ?? `${options.trial}-${startsOn}`);
  const trial = checkName("name of the trial", options.trial);
  const randomisation = trialRandomisation(options, inputs.policy, events);
  const request: DrawRequest = {
    offer: options.offer,
    trial,
    rule: parseRule(options.rule),
    holdOut: randomisation.holdOut,
    seed: randomisation.seed,
    budget: options.budget,
    most: options.most,
    audience: options.audience,
    activeOnly: options.activeOnly,
  };
  const recorded = drawStates(events).find(({ draw }) => draw.id === id);
  if (recorded !== undefined) {
    return { draw: sameRequest(recorded, request, options.startsOn), isNew: false };
  }
  checkRequest(request);
  if (startsOn < inputs.population.asOf) {
    throw new InputError("The offer begins before the day of the scores", {
      expected: `${inputs.population.asOf} or later: scores know of everything before that day`,
      found: startsOn,
    });
  }
  const { rule, customers, notListed } = listOf(request, randomisation, startsOn, inputs, events);
  const draw: Draw = {
    kind: "draw",
    id,
    request,
    rule,
    randomisation,
    treatmentProbability: treatmentProbability(randomisation),
    quietDays: inputs.policy.quietDays,
    asOf: inputs.population.asOf,
    startsOn,
    drawnAt: inputs.now.toISOString(),
    model: inputs.model,
    snapshot: inputs.snapshot,
    notListed,
    customers,
  };
  return { draw, isNew: true };
}

function listOf(
  request: DrawRequest,
  randomisation: Randomisation,
  startsOn: string,
  { population, audience, policy, riskAbove, saveRate, uplift }: DrawInputs,
  events: readonly OfferEvent[],
): { rule: AppliedRule; customers: ListedCustomer[]; notListed: Draw["notListed"] } {
  const resting = restingCustomers(events, startsOn, policy.quietDays);
  const notListed = new Map<string, number>();
  const leaveOut = (reason: string, count = 1) => notListed.set(reason, (notListed.get(reason) ?? 0) + count);
  const eligible = population.candidates.filter((candidate) => {
    const reason = audience !== undefined && !audience.has(candidate.customerId)
      ? "not in the audience"
      : request.activeOnly && !candidate.isActive
      ? "lapsed already"
      : resting.get(candidate.customerId);
    if (reason !== undefined) leaveOut(reason);
    return reason === undefined;
  });
  const { rule, chosen } = rank(parseRule(request.rule), eligible, {
    riskAbove,
    seed: randomisation.seed,
    uplift,
  });
  if (eligible.length > chosen.length) leaveOut("not chosen by the rule", eligible.length - chosen.length);
  const heldOutBy = assignment(request.trial, randomisation);
  const customers: ListedCustomer[] = [];
  let spent = 0;
  for (const { candidate, score } of chosen) {
    if (request.most !== null && customers.length >= request.most) break;
    const heldOut = heldOutBy(candidate.customerId);
    const cost = heldOut === undefined ? costOf(candidate, request.offer, saveRate) : 0;
    if (request.budget !== null && spent + cost > request.budget) break;
    spent += cost;
    customers.push({
      customerId: candidate.customerId,
      arm: heldOut ?? "offered",
      score: rounded(score),
      expectedCost: rounded(cost),
      covariates: Object.fromEntries(
        Object.entries(candidate.covariates).map((
          [name, value],
        ) => [name, Number.isNaN(value) ? null : value]),
      ),
    });
  }
  const beyond = chosen.length - customers.length;
  if (beyond > 0) leaveOut("beyond the budget or the size of the list", beyond);
  return {
    rule,
    customers,
    notListed: [...notListed].map(([reason, customers]) => ({ reason, customers }))
      .sort((a, b) => b.customers - a.customers),
  };
}

const costOf = ({ covariates }: Candidate, offer: DrawRequest["offer"], saveRate: number) =>
  expectedCost(offer, {
    churnProbability: covariates.churn_probability,
    usualSpend: covariates.usual_spend,
  }, saveRate);

/** So that a list reads well and is the same on every machine. */
const rounded = (value: number) => Number(value.toPrecision(12));

/** Customers who are not to be chosen now, with the reason. */
function restingCustomers(
  events: readonly OfferEvent[],
  startsOn: string,
  quietDays: number,
): Map<string, string> {
  const resting = new Map<string, string>();
  for (const draw of standing(events)) {
    if (Math.abs(daysBetween(draw.startsOn, startsOn)) >= quietDays) continue;
    for (const { customerId, arm } of draw.customers) {
      if (arm === "offered") resting.set(customerId, `offered something within ${quietDays} days`);
      else if (!resting.has(customerId)) resting.set(customerId, `held out within ${quietDays} days`);
    }
  }
  return resting;
}

/**
 * How a trial divides: as its first list did, or as the options say.
 *
 * @throws {InputError} when the options differ from the trial's: customers would change sides.
 */
function trialRandomisation(
  { trial, offer, holdOut, seed }: DrawOptions,
  { globalControl }: OfferPolicy,
  events: readonly OfferEvent[],
): Randomisation {
  const first = standing(events).find((draw) => draw.request.trial === trial);
  if (first === undefined) {
    return { holdOut: holdOut ?? FIRST_HOLD_OUT, globalControl, seed: seed ?? FIRST_SEED };
  }
  const fixed = first.randomisation;
  const differences: [name: string, trials: string, asked: string][] = [
    ["hold-out", String(fixed.holdOut), String(holdOut ?? fixed.holdOut)],
    ["seed", String(fixed.seed), String(seed ?? fixed.seed)],
    ["offer", offerTerms(first.request.offer), offerTerms(offer)],
  ];
  for (const [name, trials, asked] of differences) {
    if (trials === asked) continue;
    throw new InputError(`The trial ${trial} has another ${name}`, {
      expected: `${trials}, as in its first list ${first.id}`,
      found: asked,
      remedy: "A trial measures one offer, with the same customers held out in each of its lists. " +
        "Begin another with --trial NAME.",
    });
  }
  // A global control that grew or shrank since would let customers change sides.
  return fixed;
}

const offerTerms = (offer: DrawRequest["offer"]) =>
  `${offer.name} (${offerText(offer)}, ${offer.outcomeDays} days of outcomes)`;

/**
 * The recorded list.
 *
 * @param startsOn The first day where one was asked for.
 * @throws {InputError} when another list has this id, or it was cancelled.
 */
function sameRequest(
  { draw: recorded, cancelled }: DrawState,
  request: DrawRequest,
  startsOn: string | undefined,
): Draw {
  if (cancelled !== undefined) {
    throw new InputError(`The list ${recorded.id} was cancelled`, {
      expected: "the id of a list that stands, or a new one",
      found: `cancelled on ${cancelled.at.slice(0, 10)}: ${cancelled.reason}`,
      remedy: "A cancelled list keeps its id. Draw another with --id NAME.",
    });
  }
  if (startsOn !== undefined && startsOn !== recorded.startsOn) {
    throw new InputError(`The list ${recorded.id} was drawn already, with another first day`, {
      expected: recorded.startsOn,
      found: startsOn,
      remedy: "A list is never changed. Draw another with --id NAME.",
    });
  }
  const differing = (Object.keys(request) as (keyof DrawRequest)[])
    .find((name) => JSON.stringify(recorded.request[name]) !== JSON.stringify(request[name]));
  if (differing === undefined) return recorded;
  throw new InputError(`The list ${recorded.id} was drawn already, with another ${differing}`, {
    expected: `${differing} ${JSON.stringify(recorded.request[differing])}`,
    found: JSON.stringify(request[differing]),
    remedy:
      "A list is never changed. Draw another with --id NAME; if this one is not sent, cancel it first, " +
      "so that its customers may be listed again.",
  });
}

function checkName(what: string, name: string): string {
  if (NAME.test(name)) return name;
  throw new InputError(`Invalid ${what}`, {
    expected: "1 to 80 small letters, digits, _, - and ., e.g. keep_15-2024-10-01",
    found: JSON.stringify(name),
  });
}

function checkRequest({ budget, most }: DrawRequest): void {
  if (budget !== null && !(budget > 0 && budget < Infinity)) {
    throw new InputError("Invalid budget", { expected: "an amount of money above 0", found: String(budget) });
  }
  if (most !== null && !(Number.isInteger(most) && most > 0)) {
    throw new InputError("Invalid size of the list", {
      expected: "a whole number of at least 1",
      found: String(most),
    });
  }
}

/** What a list comes to. */
export interface DrawTotals {
  offered: number;
  heldOut: number;
  /** Of the offers, in currency. */
  expectedCost: number;
  /** Sum of churn probability × usual spend of those offered, in currency per horizon. */
  valueAtRisk: number;
}

/** Sums over a list. */
export function drawTotals(draw: Pick<Draw, "customers">): DrawTotals {
  const offered = draw.customers.filter(({ arm }) => arm === "offered");
  return {
    ...armCounts(draw),
    expectedCost: offered.reduce((sum, { expectedCost }) => sum + expectedCost, 0),
    valueAtRisk: offered.reduce(
      (sum, { covariates: { churn_probability: risk, usual_spend: spend } }) =>
        sum + (risk ?? 0) * (spend ?? 0),
      0,
    ),
  };
}
