/**
 * Values of Jinja as Python has them, because dbt's Jinja prints and compares them so: `1.0` is not `1`, `True` and
 * `None` are printed with a capital, a dictionary keeps its order.
 */

/** None, bool, int, float, str, list, and the classes below. */
export type PyValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | PyValue[]
  | Tuple
  | Dict
  | View
  | Generator
  | Callable
  | Namespace
  | Thing
  | Undefined;

/** What a template did wrong; whoever renders it adds file and line. */
export class JinjaError extends Error {
  override name = "JinjaError";
}

export class Tuple {
  constructor(
    readonly items: PyValue[],
    /** Names of its items, where it has any. */ readonly names: string[] = [],
  ) {}
}

/** A dictionary: its keys are equal where Python's are, e.g. `1` and `1.0`. */
export class Dict {
  readonly #entries = new Map<string, [PyValue, PyValue]>();
  constructor(entries: Iterable<[PyValue, PyValue]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }
  /** @throws {JinjaError} when a key is not hashable. */
  set(key: PyValue, value: PyValue): void {
    const hash = hashOf(key);
    this.#entries.set(hash, [this.#entries.get(hash)?.[0] ?? key, value]);
  }
  get(key: PyValue): PyValue | undefined {
    return this.#entries.get(hashOf(key))?.[1];
  }
  has(key: PyValue): boolean {
    return this.#entries.has(hashOf(key));
  }
  delete(key: PyValue): void {
    this.#entries.delete(hashOf(key));
  }
  clear(): void {
    this.#entries.clear();
  }
  get size(): number {
    return this.#entries.size;
  }
  keys(): PyValue[] {
    return [...this.#entries.values()].map(([key]) => key);
  }
  entries(): [PyValue, PyValue][] {
    return [...this.#entries.values()];
  }
}

/** A sequence that is printed in another way than a list, e.g. `range(0, 3)` or `dict_keys(['a'])`. */
export class View {
  constructor(
    readonly items: PyValue[],
    readonly text: () => string,
    /** Whether `[1]` works on it, as on a range; the keys of a dictionary have no places. */
    readonly isIndexed = false,
  ) {}
}

/** What a filter such as `map` gives: it can be gone through once. */
export class Generator {
  #items: PyValue[] | undefined;
  constructor(items: PyValue[]) {
    this.#items = items;
  }
  /** All items the first time, none afterwards. */
  take(): PyValue[] {
    const items = this.#items ?? [];
    this.#items = undefined;
    return items;
  }
}

/** Lists and texts that a template makes longer than this are mistakes, which would fill the memory. */
const MOST_ITEMS = 10_000_000;

/** @throws {JinjaError} when so many items or characters are more than a template may make at once. */
export function requireSize(count: number): void {
  if (count <= MOST_ITEMS) return;
  throw new JinjaError(
    `a value would have ${count} items or characters, and at most ${MOST_ITEMS} are allowed`,
  );
}

/** Arguments of a call. */
export interface Arguments {
  positional: PyValue[];
  named: Map<string, PyValue>;
}

/** A function, macro or method. */
export class Callable {
  constructor(
    readonly name: string,
    readonly call: (args: Arguments) => PyValue,
    /** What can be read of it, e.g. `config.get`. */
    readonly attributes: Record<string, PyValue> = {},
  ) {}
}

/** What `namespace()` makes: the one thing whose attributes a template can set. */
export class Namespace {
  constructor(readonly attributes: Map<string, PyValue>) {}
}

/** Something that dbt gives: a relation, `target`, `loop`. */
export class Thing {
  constructor(
    readonly name: string,
    /** Read when asked for, by attribute or by key. */
    readonly attribute: (name: string) => PyValue | undefined,
    /** How it is printed; undefined for one that nobody prints. */
    readonly text?: string,
    readonly call?: Callable["call"],
  ) {}
}

/** What a name without value, or a missing item, gives. */
export class Undefined {
  constructor(
    /** What is undefined, for the error when it is used. */
    readonly reason: string,
    /** Whether it prints nothing, as an inline `if` without `else` does; others are errors. */
    readonly printsNothing = false,
  ) {}
}

/** Equal for keys that are equal. */
function hashOf(key: PyValue): string {
  if (typeof key === "string") return `s${key}`;
  if (key === null) return "n";
  const number = toNumber(key);
  if (number !== undefined) return `i${String(number)}`;
  if (key instanceof Tuple) return `t${JSON.stringify(key.items.map(hashOf))}`;
  throw new JinjaError(`${typeName(key)} cannot be the key of a dictionary`);
}

/** Python's name of a value's type. */
export function typeName(value: PyValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return "float";
  if (typeof value === "string") return "str";
  if (Array.isArray(value)) return "list";
  if (value instanceof Tuple) return "tuple";
  if (value instanceof Dict) return "dict";
  if (value instanceof View) return "view";
  if (value instanceof Generator) return "generator";
  if (value instanceof Callable) return "function";
  if (value instanceof Namespace) return "namespace";
  if (value instanceof Thing) return value.name;
  return "undefined";
}

/** The number of an int, float or bool; undefined of anything else. */
export function toNumber(value: PyValue): bigint | number | undefined {
  if (typeof value === "boolean") return value ? 1n : 0n;
  return typeof value === "bigint" || typeof value === "number" ? value : undefined;
}

/** Whether `if` takes a value for true. */
export function isTrue(value: PyValue): boolean {
  if (value instanceof Tuple || value instanceof View) return value.items.length > 0;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Dict) return value.size > 0;
  if (value instanceof Undefined) return false;
  return typeof value === "object" ? value !== null : Boolean(value);
}

/** @throws {JinjaError} when a value cannot be gone through. */
export function itemsOf(value: PyValue): PyValue[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Tuple || value instanceof View) return value.items;
  if (value instanceof Dict) return value.keys();
  if (value instanceof Generator) return value.take();
  if (typeof value === "string") return [...value];
  throw notUsable(value, `a ${typeName(value)} cannot be gone through`);
}

/** Whether a value has several items. */
export const isIterable = (value: PyValue): boolean =>
  typeof value === "string" || Array.isArray(value) || value instanceof Tuple || value instanceof View ||
  value instanceof Dict || value instanceof Generator;

/** The error of using a value in a way that it does not have; what is undefined says so. */
export const notUsable = (value: PyValue, otherwise: string): JinjaError =>
  new JinjaError(value instanceof Undefined ? value.reason : otherwise);

/**
 * Text of a value as `{{ }}` prints it.
 *
 * @throws {JinjaError} for what is undefined, which dbt prints as nothing, and for things without a text of their own.
 */
export function printed(value: PyValue): string {
  if (typeof value === "string") return value;
  if (value instanceof Undefined && value.printsNothing) return "";
  return written(value);
}

/** Text of a value within a list, as Python's `repr`. */
export function written(value: PyValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return floatText(value);
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (value instanceof Tuple) {
    return value.items.length === 1
      ? `(${written(value.items[0]!)},)`
      : `(${value.items.map(written).join(", ")})`;
  }
  if (value instanceof Dict) {
    return `{${value.entries().map(([key, item]) => `${written(key)}: ${written(item)}`).join(", ")}}`;
  }
  if (value instanceof View) return value.text();
  if (value instanceof Thing && value.text !== undefined) return value.text;
  if (value instanceof Generator) {
    throw new JinjaError(
      "the result of a filter such as map is printed: write `| list` or `| join` behind it",
    );
  }
  throw notUsable(value, `a ${typeName(value)} has no text to print`);
}

/** A float as Python prints it: the exponent from 1e16 on and below 1e-4, with at least two digits. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  if (Number.isInteger(value)) return `${BigInt(value)}.0`;
  const text = String(value);
  // JavaScript writes 1e-7 so, but that was handled above: here it is plain.
  return text.includes(".") ? text : `${text}.0`;
}

/**
 * A float with so many decimal places. Halves go to the even neighbour, which JavaScript's `toFixed` does not do.
 *
 * @throws {JinjaError} for more than 100 places.
 */
export function fixedText(value: number, places: number): string {
  if (!Number.isFinite(value)) return floatText(value);
  if (places > 100) throw new JinjaError(`${places} decimal places are more than 100`);
  const size = Math.abs(value);
  // From 2**53 on, floats are whole; toFixed writes large ones with an exponent.
  const [whole = "", fraction = ""] = size < 2 ** 53 ? size.toFixed(100).split(".") : [String(BigInt(size))];
  const kept = BigInt(whole + fraction.slice(0, places).padEnd(places, "0"));
  const rest = fraction.slice(places);
  const isUp = rest > "5" && (/^50*$/.test(rest) ? kept % 2n === 1n : true);
  const digits = String(isUp ? kept + 1n : kept).padStart(places + 1, "0");
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (places === 0) return sign + digits;
  return `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

const ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", " ": " " };

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll(/[\\\p{C}\p{Z}]/gu, (character) => ESCAPES[character] ?? codeOf(character));
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}

/** A character that is not printed, e.g. `\xa0` or `\u200b`. */
function codeOf(character: string): string {
  const code = character.codePointAt(0)!.toString(16);
  return code.length <= 2
    ? `\\x${code.padStart(2, "0")}`
    : code.length <= 4
    ? `\\u${code.padStart(4, "0")}`
    : `\\U${code.padStart(8, "0")}`;
}

/** Whether `==` holds. */
export function isEqual(one: PyValue, other: PyValue): boolean {
  const [a, b] = [toNumber(one), toNumber(other)];
  // JavaScript compares an int with a float by value.
  if (a !== undefined && b !== undefined) return a <= b && a >= b;
  if (Array.isArray(one) && Array.isArray(other)) return areEqual(one, other);
  if (one instanceof Tuple && other instanceof Tuple) return areEqual(one.items, other.items);
  if (one instanceof Dict && other instanceof Dict) {
    return one.size === other.size &&
      one.entries().every(([key, value]) => other.has(key) && isEqual(value, other.get(key)!));
  }
  if (one instanceof View && other instanceof View) return areEqual(one.items, other.items);
  if (one instanceof Undefined && other instanceof Undefined) return true;
  return one === other;
}

const areEqual = (one: PyValue[], other: PyValue[]) =>
  one.length === other.length && one.every((item, i) => isEqual(item, other[i]!));

/**
 * Less than 0, 0, or more than 0, as `<` says.
 *
 * @throws {JinjaError} when the values have no order, e.g. a number and text.
 */
export function compare(one: PyValue, other: PyValue): number {
  const [a, b] = [toNumber(one), toNumber(other)];
  if (a !== undefined && b !== undefined) return a < b ? -1 : a > b ? 1 : 0;
  if (typeof one === "string" && typeof other === "string") return compareText(one, other);
  const [left, right] = [orderedItems(one), orderedItems(other)];
  if (left !== undefined && right !== undefined && typeName(one) === typeName(other)) {
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      if (!isEqual(left[i]!, right[i]!)) return compare(left[i]!, right[i]!);
    }
    return left.length - right.length;
  }
  const undefinedOne = one instanceof Undefined ? one : other;
  throw notUsable(undefinedOne, `a ${typeName(one)} and a ${typeName(other)} cannot be ordered`);
}

const orderedItems = (value: PyValue) =>
  Array.isArray(value) ? value : value instanceof Tuple ? value.items : undefined;

/** By code points, as Python; JavaScript's `<` puts 🎉 before some other characters. */
function compareText(one: string, other: string): number {
  if (one === other) return 0;
  const [left, right] = [[...one], [...other]];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** A value of YAML or of a JSON document as Jinja sees it: whole numbers are ints. */
export function fromJson(value: unknown): PyValue {
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === "boolean" || typeof value === "bigint" || typeof value === "string") return value;
  if (Array.isArray(value)) return value.map(fromJson);
  if (isValueClass(value)) return value;
  return new Dict(Object.entries(value as object).map(([key, item]) => [key, fromJson(item)]));
}

const isValueClass = (value: unknown): value is PyValue =>
  [Tuple, Dict, View, Generator, Callable, Namespace, Thing, Undefined].some((type) => value instanceof type);

/** A plain value of a Jinja value, for settings: ints become numbers. */
export function toJson(value: PyValue): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Tuple || value instanceof View) return value.items.map(toJson);
  if (value instanceof Dict) {
    return Object.fromEntries(value.entries().map(([key, item]) => [printed(key), toJson(item)]));
  }
  if (value instanceof Thing) return printed(value);
  if (value !== null && typeof value === "object") {
    throw notUsable(value, `a ${typeName(value)} is no setting`);
  }
  return value;
}
