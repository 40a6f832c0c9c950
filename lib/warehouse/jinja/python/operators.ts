/** What Python's operators do to values. */
import {
  compare,
  Dict,
  Generator,
  isEqual,
  isIterable,
  itemsOf,
  JinjaError,
  notUsable,
  type PyValue,
  requireSize,
  toNumber,
  Tuple,
  typeName,
  Undefined,
  View,
} from "./values.ts";
import { percentFormat } from "./format.ts";

export type ArithmeticOperator = "+" | "-" | "*" | "/" | "//" | "%" | "**";

/** @throws {JinjaError} when the operator does not take values of these types. */
export function calculate(operator: ArithmeticOperator, left: PyValue, right: PyValue): PyValue {
  const [a, b] = [toNumber(left), toNumber(right)];
  if (a !== undefined && b !== undefined) {
    return typeof a === "bigint" && typeof b === "bigint"
      ? ofInts(operator, a, b)
      : ofFloats(operator, Number(a), Number(b));
  }
  if (operator === "%" && typeof left === "string") return percentFormat(left, right);
  if (operator === "+") {
    if (typeof left === "string" && typeof right === "string") return left + right;
    if (Array.isArray(left) && Array.isArray(right)) {
      requireSize(left.length + right.length);
      return [...left, ...right];
    }
    if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
  }
  if (operator === "*") {
    const repeated = typeof b === "bigint"
      ? repeat(left, b)
      : typeof a === "bigint"
      ? repeat(right, a)
      : undefined;
    if (repeated !== undefined) return repeated;
  }
  const guilty = left instanceof Undefined ? left : right;
  throw notUsable(guilty, `${operator} does not take a ${typeName(left)} and a ${typeName(right)}`);
}

function ofInts(operator: ArithmeticOperator, a: bigint, b: bigint): PyValue {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "**":
      if (b < 0n) return power(Number(a), Number(b));
      if (b > MOST_BITS && a * a > 1n) throw new JinjaError(`${a} ** ${b} is too large`);
      return a ** b;
    case "/":
      return finite(ofFloats("/", Number(a), Number(b)));
  }
  if (b === 0n) throw divisionByZero();
  // Python rounds down, so that the remainder has the sign of the divisor.
  const remainder = a % b;
  const isOpposite = remainder !== 0n && (remainder < 0n) !== (b < 0n);
  if (operator === "%") return isOpposite ? remainder + b : remainder;
  return isOpposite ? a / b - 1n : a / b;
}

function ofFloats(operator: ArithmeticOperator, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "**":
      return power(a, b);
  }
  if (b === 0) throw divisionByZero();
  if (operator === "/") return a / b;
  const exact = a % b;
  const remainder = exact !== 0 && (exact < 0) !== (b < 0) ? exact + b : exact;
  // By way of the remainder, as Python does: 1 // 0.1 is 9, although 1 / 0.1 is rounded to 10.
  return operator === "//" ? Math.round((a - remainder) / b) : remainder;
}

/** Python prints no whole number of more digits than this many bits have. */
const MOST_BITS = 14_284n;

function power(base: number, exponent: number): number {
  if (base === 0 && exponent < 0) throw divisionByZero();
  const result = base ** exponent;
  if (Number.isNaN(result) && !Number.isNaN(base) && !Number.isNaN(exponent)) {
    throw new JinjaError(`${base} ** ${exponent} is no real number`);
  }
  return Number.isFinite(base) ? finite(result) : result;
}

function finite(result: number): number {
  if (Number.isFinite(result)) return result;
  throw new JinjaError("the result is too large for a float");
}

const divisionByZero = () => new JinjaError("division by zero");

function repeat(value: PyValue, times: bigint): PyValue | undefined {
  const count = Math.max(0, Number(times));
  const length = typeof value === "string" || Array.isArray(value)
    ? value.length
    : value instanceof Tuple
    ? value.items.length
    : 0;
  requireSize(count * length);
  if (length === 0 && isSequence(value)) return value;
  if (typeof value === "string") return value.repeat(count);
  if (Array.isArray(value)) return Array.from({ length: count }, () => value).flat();
  if (value instanceof Tuple) return new Tuple(Array.from({ length: count }, () => value.items).flat());
}

/** `-value` or `+value`. */
export function signed(sign: "-" | "+", value: PyValue): PyValue {
  const number = toNumber(value);
  if (number === undefined) throw notUsable(value, `${sign} does not take a ${typeName(value)}`);
  return sign === "-" ? -number : number;
}

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

/** @throws {JinjaError} when the values have no order. */
export function holds(operator: Comparison, left: PyValue, right: PyValue): boolean {
  switch (operator) {
    case "==":
      return isEqual(left, right);
    case "!=":
      return !isEqual(left, right);
    case "<":
      return compare(left, right) < 0;
    case "<=":
      return compare(left, right) <= 0;
    case ">":
      return compare(left, right) > 0;
    case ">=":
      return compare(left, right) >= 0;
    case "in":
      return isIn(left, right);
    case "not in":
      return !isIn(left, right);
  }
}

function isIn(item: PyValue, container: PyValue): boolean {
  if (typeof container === "string") {
    if (typeof item === "string") return container.includes(item);
    throw notUsable(item, `\`in\` of text takes text, not a ${typeName(item)}`);
  }
  if (container instanceof Dict) return container.has(item);
  if (container instanceof Undefined) return false;
  return itemsOf(container).some((other) => isEqual(item, other));
}

/** How many items a value has. @throws {JinjaError} when it has none to count. */
export function lengthOf(value: PyValue): bigint {
  if (typeof value === "string") return BigInt([...value].length);
  if (value instanceof Dict) return BigInt(value.size);
  if (Array.isArray(value) || value instanceof Tuple || value instanceof View) {
    return BigInt(itemsOf(value).length);
  }
  throw notUsable(value, `a ${typeName(value)} has no length`);
}

/** `value[index]` of a sequence; undefined beyond its ends. */
export function itemAt(value: PyValue, index: bigint): PyValue | undefined {
  const items = itemsOf(value);
  return items.at(Number(index));
}

/** Whether `[1]` and `[1:2]` work on a value. */
export const isSequence = (value: PyValue): boolean =>
  value instanceof View
    ? value.isIndexed
    : isIterable(value) && !(value instanceof Dict || value instanceof Generator);

/** `value[start:stop:step]`, with Python's meaning of negative and missing bounds. */
export function sliced(value: PyValue, bounds: (PyValue | undefined)[]): PyValue {
  const items = itemsOf(value);
  const [start, stop, step = 1] = bounds.map((bound) =>
    bound === undefined || bound === null ? undefined : Number(bound)
  );
  if (step === 0) throw new JinjaError("a slice has the step 0");
  const picked = indices(items.length, start, stop, step).map((i) => items[i]!);
  if (typeof value === "string") return picked.join("");
  if (value instanceof View) {
    return new View(picked, () => {
      throw new JinjaError("a part of a range is printed: write `| list` behind it");
    }, true);
  }
  return value instanceof Tuple ? new Tuple(picked) : picked;
}

function indices(
  length: number,
  start: number | undefined,
  stop: number | undefined,
  step: number,
): number[] {
  const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
  const within = (bound: number) => Math.min(highest, Math.max(lowest, bound < 0 ? bound + length : bound));
  const first = start === undefined ? (step > 0 ? lowest : highest) : within(start);
  const last = stop === undefined ? (step > 0 ? highest : lowest) : within(stop);
  const found: number[] = [];
  for (let i = first; step > 0 ? i < last : i > last; i += step) found.push(i);
  return found;
}
