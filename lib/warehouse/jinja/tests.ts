/** Jinja2's tests: `value is name(arguments)`. */
import { type Comparison, holds, isSequence } from "./python/operators.ts";
import {
  type Arguments,
  Callable,
  Dict,
  isIterable,
  JinjaError,
  type PyValue,
  Thing,
  toNumber,
  Undefined,
} from "./python/values.ts";

type Test = (value: PyValue, ...args: PyValue[]) => boolean;

const comparing = (operator: Comparison): Test => (value, other) => {
  if (other === undefined) throw new JinjaError(`\`is\` with ${operator} lacks what to compare with`);
  return holds(operator, value, other);
};

function remainder(value: PyValue, divisor: bigint): bigint | number {
  const number = toNumber(value);
  if (number === undefined) throw new JinjaError("only a number is odd, even or divisible");
  return typeof number === "bigint" ? number % divisor : number % Number(divisor);
}

const TESTS: Record<string, Test> = {
  boolean: (value) => typeof value === "boolean",
  callable: (value) => value instanceof Callable || (value instanceof Thing && value.call !== undefined),
  defined: (value) => !(value instanceof Undefined),
  undefined: (value) => value instanceof Undefined,
  divisibleby: (value, divisor) => {
    if (typeof divisor !== "bigint") throw new JinjaError("divisibleby takes a whole number");
    return Number(remainder(value, divisor)) === 0;
  },
  even: (value) => Number(remainder(value, 2n)) === 0,
  odd: (value) => Math.abs(Number(remainder(value, 2n))) === 1,
  false: (value) => value === false,
  true: (value) => value === true,
  float: (value) => typeof value === "number",
  integer: (value) => typeof value === "bigint",
  number: (value) => toNumber(value) !== undefined,
  in: comparing("in"),
  iterable: isIterable,
  lower: (value) => typeof value === "string" && /\p{L}/u.test(value) && value === value.toLowerCase(),
  upper: (value) => typeof value === "string" && /\p{L}/u.test(value) && value === value.toUpperCase(),
  mapping: (value) => value instanceof Dict,
  none: (value) => value === null,
  sameas: (value, other) => value === other,
  sequence: (value) => isSequence(value) || value instanceof Dict,
  string: (value) => typeof value === "string",
  "==": comparing("=="),
  eq: comparing("=="),
  equalto: comparing("=="),
  "!=": comparing("!="),
  ne: comparing("!="),
  ">": comparing(">"),
  gt: comparing(">"),
  greaterthan: comparing(">"),
  ">=": comparing(">="),
  ge: comparing(">="),
  "<": comparing("<"),
  lt: comparing("<"),
  lessthan: comparing("<"),
  "<=": comparing("<="),
  le: comparing("<="),
};

/** @throws {JinjaError} when there is no test of that name. */
export function passes(name: string, value: PyValue, { positional }: Arguments): boolean {
  if (Object.hasOwn(TESTS, name)) return TESTS[name]!(value, ...positional);
  throw new JinjaError(`there is no test \`is ${name}\``);
}
