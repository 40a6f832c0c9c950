import { InputError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";

/** Why a customer is not offered what the rule chose them for. */
export type HeldOutBy = "trial" | "global control";

/** How customers are divided at random. All three are fixed by the first list of a trial. */
export interface Randomisation {
  /** Share of the chosen whom the trial holds out, 0..1. */
  holdOut: number;
  /** Share of all customers whom every trial holds out, 0..1. */
  globalControl: number;
  /** Another seed, another division. */
  seed: number;
}

/** Bytes of a hash that become a number: a double holds 53 bits. */
const HASH_BYTES = 6;

/**
 * A number from 0 (inclusive) to 1 (exclusive) that belongs to a text: the first 48 bits of its SHA-256. Equal texts have
 * equal numbers on every machine and in every list, and over different texts they are as good as uniform and independent.
 */
export function hashedUniform(text: string): number {
  return createHash("sha256").update(text).digest().readUIntBE(0, HASH_BYTES) / 2 ** (8 * HASH_BYTES);
}

/** The global control is the same for all trials and seeds; who is in it stays when the share grows. */
const GLOBAL = "shopflow/offers/global control";

/**
 * The division of a trial: by whom a customer is held out, undefined for those who get the offer. It depends on seed,
 * trial and customer only, so a later list of the trial holds out the same customers, whoever else is in it.
 *
 * @throws {InputError} when a share or the seed is out of range.
 */
export function assignment(
  trial: string,
  randomisation: Randomisation,
): (customerId: string) => HeldOutBy | undefined {
  checkRandomisation(randomisation);
  const { holdOut, globalControl, seed } = randomisation;
  return (customerId) => {
    if (globalControl > 0 && hashedUniform(`${GLOBAL}\n${customerId}`) < globalControl) {
      return "global control";
    }
    return hashedUniform(`${seed}\n${trial}\n${customerId}`) < holdOut ? "trial" : undefined;
  };
}

/** The probability that a chosen customer is offered: (1 − hold-out) × (1 − global control). */
export function treatmentProbability({ holdOut, globalControl }: Randomisation): number {
  return (1 - holdOut) * (1 - globalControl);
}

function checkRandomisation({ holdOut, globalControl, seed }: Randomisation): void {
  for (const [name, share] of [["hold-out", holdOut], ["global control", globalControl]] as const) {
    if (share >= 0 && share < 1) continue;
    throw new InputError(`Invalid share of the ${name}`, {
      expected: "a share of at least 0 and below 1, e.g. 0.2 for 20 %",
      found: String(share),
    });
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new InputError("Invalid seed", { expected: "a whole number of at least 0", found: String(seed) });
  }
}
