import { InvalidArgumentError } from "commander";

/** A parser of an option's value: a whole number above 0. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("Give a whole number above 0.");
}
