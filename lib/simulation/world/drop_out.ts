import type { Random } from "shopflow/runtime/mod.ts";
import type { Calendar } from "./calendar.ts";
import { GrowingColumn } from "./records.ts";
import { NEVER, type Population } from "./population.ts";

/** How much a meeting with an empty shelf, and a ticket that ended badly, add to the log-hazard. */
export const ANNOYANCE = { stockout: 0.3, badTicket: 1.2 };
/** Share of annoyance that is left after a month. */
export const ANNOYANCE_KEPT = 0.55;
/** Annoyance beyond this makes nobody leave sooner. */
export const MOST_ANNOYANCE = 2.5;

/** The hidden truth, one row per customer and month in which the customer was alive at some time. */
interface Truth {
  customer: GrowingColumn;
  month: GrowingColumn;
  aliveAtStart: GrowingColumn;
  aliveAtEnd: GrowingColumn;
  /** Probability to drop out in what remained of the month, in millionths. */
  hazard: GrowingColumn;
}

/** Decides who leaves: by month, from the customer's own rate and what annoyed them before. */
export interface DropOut {
  truth: Truth;
  annoy(customer: number, by: number): void;
  /** First day of a month: draws the fate of everyone alive. */
  reviewMonth(month: number): void;
  /** A customer signs up within a month: draws the fate for its rest. */
  join(customer: number, month: number): void;
}

/**
 * Draws when customers leave: a fate that is drawn sets `population.dropOutDay`, to the day after at the earliest and the
 * first of the next month at the latest. The hazard is 1 − exp(−rate); the rate is scaled by exp(annoyance), and by the
 * part of the month that is left.
 */
export function createDropOut(
  { calendar, population }: { calendar: Calendar; population: Population },
  random: Random,
): DropOut {
  const { signupDay, dropOutDay, dropOutRate, annoyance } = population;
  const truth: Truth = {
    customer: new GrowingColumn(),
    month: new GrowingColumn(),
    aliveAtStart: new GrowingColumn(),
    aliveAtEnd: new GrowingColumn(),
    hazard: new GrowingColumn(),
  };

  function drawFate(customer: number, month: number, from: number, aliveAtStart: boolean): void {
    const { start, end } = calendar.monthDays(month);
    const push = Math.exp(Math.min(MOST_ANNOYANCE, annoyance[customer]!));
    const rate = dropOutRate[customer]! * push * (end - from) / (end - start);
    const hazard = 1 - Math.exp(-rate);
    const leaves = random() < hazard;
    // The day after the draw at the earliest: a customer is there on the day they sign up.
    if (leaves) dropOutDay[customer] = from + 1 + Math.floor(random() * (end - from));
    truth.customer.push(customer);
    truth.month.push(month);
    truth.aliveAtStart.push(aliveAtStart ? 1 : 0);
    truth.aliveAtEnd.push(leaves ? 0 : 1);
    truth.hazard.push(Math.round(hazard * 1e6));
  }

  return {
    truth,
    annoy(customer, by) {
      annoyance[customer]! += by;
    },
    reviewMonth(month) {
      const { start } = calendar.monthDays(month);
      for (let customer = 0; customer < population.size; customer++) {
        if (signupDay[customer]! >= start) break;
        if (dropOutDay[customer] !== NEVER) continue;
        drawFate(customer, month, start, true);
        annoyance[customer]! *= ANNOYANCE_KEPT;
      }
    },
    join: (customer, month) => drawFate(customer, month, signupDay[customer] ?? 0, false),
  };
}
