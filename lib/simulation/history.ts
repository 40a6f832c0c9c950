import { createRandom } from "shopflow/runtime/mod.ts";
// @ts-types="@types/d3-random"
import { randomExponential } from "d3-random";
import { ANNOYANCE } from "./drop_out.ts";
import { createPurchases } from "./purchases.ts";
import { createVisits } from "./visits.ts";
import { firstAbove, runningSums } from "./weighted_choice.ts";
import type { World } from "./world.ts";

/** Visits of someone who dropped out, relative to before; and the chance that such a visit is the last. */
const LAPSED = { visits: 0.6, lastVisit: 0.2 };

/**
 * Plays the history day by day: deliveries, sign-ups, fates, visits. Orders, events, tickets, stock and
 * truth collect in the world.
 *
 * Visits form a Poisson process for each customer, whose clock runs faster on days of much interest; each
 * customer's next visit waits in the diary of its day.
 */
export function playHistory(world: World, seed: number, onDay: (day: number) => void): void {
  const { calendar, season, population, stock, dropOut, support } = world;
  const random = createRandom(seed, "simulation/visits");
  const purchases = createPurchases(world, createRandom(seed, "simulation/purchases"));
  const visit = createVisits(world, purchases, random);
  const wait = randomExponential.source(random)(1);
  const clock = runningSums(season.interest);
  const diary = createDiary(calendar.days, population.size);
  const clockOf = new Float64Array(population.size);

  function planNextVisit(customer: number, lapsed: boolean): void {
    const rate = population.visitsPerDay[customer]! * (lapsed ? LAPSED.visits : 1);
    const next = clockOf[customer]! + wait() / rate;
    if (next >= clock[calendar.days - 1]!) return;
    clockOf[customer] = next;
    diary.enter(firstAbove(clock, next), customer);
  }

  let nextToSignUp = 0;
  let month = -1;
  for (let day = 0; day < calendar.days; day++) {
    if (calendar.monthStarts[month + 1] === day) dropOut.reviewMonth(++month);
    while (nextToSignUp < population.size && population.signupDay[nextToSignUp]! <= day) {
      const customer = nextToSignUp++;
      if (population.signupDay[customer]! < 0) {
        planNextVisit(customer, false);
        continue;
      }
      clockOf[customer] = clock[day]!;
      diary.enter(day, customer);
      dropOut.join(customer, month);
    }
    stock.open(day);
    for (const customer of support.treatedBadlyOn(day)) dropOut.annoy(customer, ANNOYANCE.badTicket);
    for (const customer of diary.of(day)) {
      visit(customer, day);
      const lapsed = population.dropOutDay[customer]! <= day;
      if (!lapsed || random() >= LAPSED.lastVisit) planNextVisit(customer, lapsed);
    }
    stock.close(day);
    onDay(day);
  }
}

interface Diary {
  enter(day: number, customer: number): void;
  /** Customers of a day, also those entered for it meanwhile. */
  of(day: number): Iterable<number>;
}

/** One waiting visit a customer, as linked lists by day in two flat arrays. */
function createDiary(days: number, customers: number): Diary {
  const first = new Int32Array(days).fill(-1);
  const following = new Int32Array(customers);
  return {
    enter(day, customer) {
      following[customer] = first[day]!;
      first[day] = customer;
    },
    *of(day) {
      while (first[day] !== -1) {
        const customer = first[day]!;
        first[day] = following[customer]!;
        yield customer;
      }
    },
  };
}
