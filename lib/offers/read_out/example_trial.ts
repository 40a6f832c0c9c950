import { addDays } from "shopflow/ml/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import { drawList } from "../draw/draw.ts";
import type { Candidate } from "../draw/population.ts";
import type { TrialOutcomes, TrialRow } from "./outcomes.ts";
import type { OutcomeDefinition } from "./results.ts";

/** A trial of customers who were made up, and what the offer truly does to them: to see what a read-out looks like. */
export interface ExampleTrial {
  outcomes: TrialOutcomes;
  /** The mean of what the offer changes, over all of these customers: known here, and never of a real shop. */
  trueEffect: Record<OutcomeDefinition["column"], number>;
}

/** How the customers are made up. */
interface ExampleOptions {
  customers: number;
  seed: number;
  /** Share of customers about to leave, among those who have ordered within 60 days, whom the offer keeps. */
  saved?: number;
}

const STARTS_ON = "2024-01-01";
const OFFER = {
  name: "example_15",
  discount: 0.15,
  margin: 0.45,
  contactCost: 0.5,
  validDays: 30,
  outcomeDays: 90,
};
/** Customers beyond it have forgotten the shop: no offer brings them back. */
const REACHABLE_DAYS = 60;

/**
 * Makes up a trial: whether a customer would leave is drawn by the churn probability; of those who would, and were here
 * lately, the offer keeps a share; whoever buys gets the discount, also those who would have bought without it. So some
 * are saved, most are not, and the discount costs: as in a shop, but with the truth at hand.
 */
export function exampleTrial({ customers, seed, saved = 0.4 }: ExampleOptions): ExampleTrial {
  const random = createRandom(seed, "offers/example trial");
  const people = Array.from({ length: customers }, (_, i) => madeUp(i, random));
  const { draw } = drawList(
    {
      offer: OFFER,
      trial: "example",
      rule: "random",
      holdOut: 0.5,
      seed,
      budget: null,
      most: null,
      audience: null,
      activeOnly: false,
    },
    {
      population: { asOf: STARTS_ON, candidates: people.map(({ candidate }) => candidate) },
      policy: { quietDays: 90, globalControl: 0 },
      riskAbove: 0.7,
      saveRate: saved,
      model: { name: "churn", version: "example" },
      snapshot: "example",
      now: new Date(`${STARTS_ON}T00:00:00Z`),
    },
    [],
  );
  const byId = new Map(people.map((person) => [person.candidate.customerId, person]));
  const total = { ordered: 0, net_sales: 0, profit: 0 };
  const rows = draw.customers.map(({ customerId, arm, score, covariates }): TrialRow => {
    const person = byId.get(customerId)!;
    const isSaved = person.wouldLeave && covariates.recency_days! <= REACHABLE_DAYS && person.luck < saved;
    const [left, made] = [outcomeOf(person, false, isSaved), outcomeOf(person, true, isSaved)];
    for (const name of ["ordered", "net_sales", "profit"] as const) total[name] += made[name] - left[name];
    const offered = arm === "offered" ? 1 : 0;
    return {
      customer_id: customerId,
      draw: draw.id,
      offered,
      probability: draw.treatmentProbability,
      score,
      ...(offered === 1 ? made : left),
      contact_cost: offered * OFFER.contactCost,
      earlier_sales: person.earlierSales,
      ...covariates,
    };
  });
  const mean = (sum: number) => sum / rows.length;
  const knownFrom = addDays(STARTS_ON, OFFER.outcomeDays);
  return {
    outcomes: {
      trial: "example",
      draws: [{ draw, knownFrom, isKnown: true }],
      dataUntil: knownFrom,
      rows,
      repeated: 0,
      offeredElsewhere: { offered: 0, heldOut: 0 },
      withoutEarlierOffers: 0,
    },
    trueEffect: {
      ordered: mean(total.ordered),
      net_sales: mean(total.net_sales),
      profit: mean(total.profit),
    },
  };
}

interface Person {
  candidate: Candidate;
  wouldLeave: boolean;
  /** Decides whether the offer would keep them. */
  luck: number;
  /** What they buy in the outcome window if they stay, before a discount. */
  sales: number;
  earlierSales: number;
}

function madeUp(i: number, random: () => number): Person {
  const recency = Math.floor(1 + 89 * random());
  const spend = 30 + 170 * random() ** 2;
  const risk = Math.min(0.95, 0.15 + 0.7 * recency / 90 + 0.1 * (random() - 0.5));
  return {
    candidate: {
      customerId: `EXAMPLE${String(i + 1).padStart(6, "0")}`,
      isActive: true,
      covariates: {
        churn_probability: risk,
        usual_spend: spend,
        recency_days: recency,
        order_count: 1 + Math.floor(8 * random()),
        tenure_days: 90 + Math.floor(600 * random()),
      },
    },
    wouldLeave: random() < risk,
    luck: random(),
    sales: spend * (0.5 + random()),
    earlierSales: spend * (0.6 + 0.8 * random()),
  };
}

/** What a customer does with the offer or without. */
function outcomeOf({ wouldLeave, sales }: Person, hasOffer: boolean, isSaved: boolean) {
  const buys = !wouldLeave || (hasOffer && isSaved);
  const gross = buys ? sales : 0;
  const net = gross * (hasOffer ? 1 - OFFER.discount : 1);
  return {
    ordered: buys ? 1 as const : 0 as const,
    orders: buys ? 1 : 0,
    gross_sales: gross,
    net_sales: net,
    profit: net - (1 - OFFER.margin) * gross - (hasOffer ? OFFER.contactCost : 0),
  };
}
