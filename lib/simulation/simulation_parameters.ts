import { InputError } from "shopflow/errors/mod.ts";
import { createCalendar } from "./calendar.ts";

/** What makes one simulated shop differ from another. */
export interface SimulationParameters {
  customers: number;
  products: number;
  seed: number;
  /** Last day of the history, YYYY-MM-DD. */
  until: string;
}

/** Bounds within which ids keep their width and every category has products. */
export const LIMITS = {
  customers: { least: 100, most: 990_000 },
  products: { least: 40, most: 99_000 },
  seed: { least: 0, most: 2 ** 31 - 1 },
};

const CUSTOMERS_PER_PRODUCT = 20;

/** As many products as give each of them sales enough to be learned from. */
export function productsFor(customers: number): number {
  return Math.max(LIMITS.products.least, Math.round(customers / CUSTOMERS_PER_PRODUCT));
}

/** @throws {InputError} when a parameter is out of range. */
export function checkParameters(parameters: SimulationParameters): void {
  for (const name of ["customers", "products", "seed"] as const) {
    const { least, most } = LIMITS[name];
    const value = parameters[name];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw new InputError(`${name} is out of range`, {
      expected: `a whole number from ${least} to ${most}`,
      found: String(value),
    });
  }
  createCalendar(parameters.until);
}
