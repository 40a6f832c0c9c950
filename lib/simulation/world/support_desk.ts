import type { Random } from "shopflow/runtime/mod.ts";
// @ts-types="@types/d3-random"
import { randomLogNormal, randomNormal } from "d3-random";
import { drawFrom, GrowingColumn, runningSums } from "./records.ts";

/** What tickets are about; columns hold the place in this list. */
export const ISSUES = [
  "Product Defect",
  "Shipping Delay",
  "Billing Issue",
  "Account Issue",
  "Product Question",
] as const;
export type Issue = typeof ISSUES[number];

/** From the least to the most urgent; columns hold the place in this list. */
export const PRIORITIES = ["Low", "Medium", "High", "Critical"];

/** In place of an order, a product or a score that is not there. */
export const NONE = -1;
const LONGEST_HOURS = 720;
/** Hours to resolve a ticket of medium priority: median and spread of the logarithm. */
const RESOLUTION = { medianHours: 30, spread: 1.0 };
const HOURS_FACTOR_BY_PRIORITY = [1.6, 1, 0.6, 0.35];
/** Shares of the priorities of an issue, as running sums. */
const SERIOUSNESS: Record<Issue, Float64Array> = {
  "Product Defect": runningSums([0.15, 0.4, 0.35, 0.1]),
  "Shipping Delay": runningSums([0.25, 0.45, 0.25, 0.05]),
  "Billing Issue": runningSums([0.2, 0.4, 0.3, 0.1]),
  "Account Issue": runningSums([0.35, 0.45, 0.17, 0.03]),
  "Product Question": runningSums([0.6, 0.35, 0.05, 0]),
};
/** Satisfaction (1 to 5) with an issue that is resolved at once. */
const CONTENTMENT: Record<Issue, number> = {
  "Product Defect": 4.2,
  "Shipping Delay": 4.3,
  "Billing Issue": 4.4,
  "Account Issue": 4.7,
  "Product Question": 4.9,
};
/** Share of resolved tickets that customers rate. */
const RATING_SHARE = 0.55;
/** Customers who would give this or less were treated badly, whether they rate or not. */
const BAD_SCORE = 2;
const AGENTS = 40;

interface Complaint {
  customer: number;
  issue: Issue;
  /** Seconds since the start of the history. */
  second: number;
  order?: number;
  product?: number;
}

/** Support: takes tickets, works on them, and remembers whom it treated badly. */
export interface SupportDesk {
  tickets: Tickets;
  open(complaint: Complaint): void;
  /** Customers whose ticket ended badly on a day. */
  treatedBadlyOn(day: number): number[];
}

/** The tickets as columns in the order they were opened (not of time). */
interface Tickets {
  customer: GrowingColumn;
  issue: GrowingColumn;
  priority: GrowingColumn;
  createdSecond: GrowingColumn;
  /** May lie after the end of the history: then the ticket is still open. */
  resolvedSecond: GrowingColumn;
  /** 1 to 5, or {@link NONE}. */
  score: GrowingColumn;
  agent: GrowingColumn;
  order: GrowingColumn;
  product: GrowingColumn;
}

/** A support desk without tickets. */
export function createSupportDesk(random: Random): SupportDesk {
  const tickets: Tickets = {
    customer: new GrowingColumn(),
    issue: new GrowingColumn(),
    priority: new GrowingColumn(),
    createdSecond: new GrowingColumn(),
    resolvedSecond: new GrowingColumn(),
    score: new GrowingColumn(),
    agent: new GrowingColumn(),
    order: new GrowingColumn(),
    product: new GrowingColumn(),
  };
  const badly: number[][] = [];
  const hoursFactor = randomLogNormal.source(random)(Math.log(RESOLUTION.medianHours), RESOLUTION.spread);
  const mood = randomNormal.source(random)(0, 0.6);

  return {
    tickets,
    treatedBadlyOn: (day) => badly[day] ?? [],
    open({ customer, issue, second, order = NONE, product = NONE }) {
      const priority = drawFrom(SERIOUSNESS[issue], random);
      const hours = Math.min(
        LONGEST_HOURS,
        Math.max(1, hoursFactor() * (HOURS_FACTOR_BY_PRIORITY[priority] ?? 1)),
      );
      const resolved = second + Math.round(hours * 3600);
      // A day of waiting costs little, a week costs almost two points.
      const score = Math.min(5, Math.max(1, Math.round(CONTENTMENT[issue] - hours / 90 + mood())));
      if (score <= BAD_SCORE) (badly[Math.floor(resolved / 86_400)] ??= []).push(customer);
      tickets.customer.push(customer);
      tickets.issue.push(ISSUES.indexOf(issue));
      tickets.priority.push(priority);
      tickets.createdSecond.push(second);
      tickets.resolvedSecond.push(resolved);
      tickets.score.push(random() < RATING_SHARE ? score : NONE);
      tickets.agent.push(Math.floor(random() * AGENTS));
      tickets.order.push(order);
      tickets.product.push(product);
    },
  };
}
