import { type Arguments, JinjaError, type PyValue, toNumber, typeName } from "./values.ts";

/** What `value | name(arguments)` gives. */
export type Filter = (value: PyValue, args: Arguments) => PyValue;

/**
 * The arguments of a call by the names of their parameters.
 *
 * @param called What is called, for messages.
 * @throws {JinjaError} when there are too many, or one has no parameter of its name.
 */
export function bound<Name extends string>(
  called: string,
  { positional, named }: Arguments,
  parameters: readonly Name[],
): Partial<Record<Name, PyValue>> {
  if (positional.length > parameters.length) {
    throw new JinjaError(
      `${called} takes ${parameters.join(", ") || "no arguments"}, and not ${positional.length} arguments`,
    );
  }
  const found: Partial<Record<string, PyValue>> = {};
  for (const [i, value] of positional.entries()) found[parameters[i]!] = value;
  for (const [name, value] of named) {
    if (!parameters.includes(name as Name)) {
      throw new JinjaError(`${called} takes ${parameters.join(", ") || "no arguments"}, and not ${name}`);
    }
    if (name in found) throw new JinjaError(`${called} is given ${name} twice`);
    found[name] = value;
  }
  return found;
}

/** @throws {JinjaError} when an argument is missing. */
export function required(called: string, name: string, value: PyValue | undefined): PyValue {
  if (value === undefined) throw new JinjaError(`${called} lacks its argument ${name}`);
  return value;
}

/** @throws {JinjaError} when an argument is no text. */
export function textOf(called: string, value: PyValue | undefined): string {
  if (typeof value === "string") return value;
  throw new JinjaError(
    `${called} takes text, and not ${value === undefined ? "nothing" : `a ${typeName(value)}`}`,
  );
}

/** @throws {JinjaError} when an argument is no whole number. */
export function countOf(called: string, value: PyValue): number {
  const number = toNumber(value);
  if (typeof number === "bigint") return Number(number);
  throw new JinjaError(`${called} takes a whole number, and not a ${typeName(value)}`);
}
