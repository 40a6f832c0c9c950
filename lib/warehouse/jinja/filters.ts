/** Jinja2's filters, and those that dbt adds. */
import { bound, countOf, type Filter, required } from "./python/calling.ts";
import { percentFormat } from "./python/format.ts";
import { jsonText } from "./python/json.ts";
import { alignedText, capitalized, replaced, stripped } from "./python/methods.ts";
import { lengthOf } from "./python/operators.ts";
import { sequenceFilters } from "./sequence_filters.ts";
import {
  type Arguments,
  Dict,
  fixedText,
  Generator,
  isTrue,
  JinjaError,
  notUsable,
  printed,
  type PyValue,
  toNumber,
  Tuple,
  typeName,
  Undefined,
} from "./python/values.ts";

/** Filters of Jinja2 that are refused, and why. */
const REFUSED: Record<string, string> = {
  random: "a model must give the same rows every time",
  attr: "write value.name or value['name']",
  pprint: "write `| tojson`",
  e: 'SQL is not escaped; double the quotes with `| replace("\'", "\'\'")`',
  escape: 'SQL is not escaped; double the quotes with `| replace("\'", "\'\'")`',
  forceescape: "SQL is not escaped",
  striptags: "it is for HTML",
  urlencode: "it is for HTML",
  urlize: "it is for HTML",
  xmlattr: "it is for HTML",
  filesizeformat: "it is for people, not for SQL",
  wordwrap: "it is for people, not for SQL",
};

/** @throws {JinjaError} when there is no filter of that name, or its arguments are not what it takes. */
export function applyFilter(name: string, value: PyValue, args: Arguments): PyValue {
  if (Object.hasOwn(FILTERS, name)) return FILTERS[name]!(value, args);
  if (Object.hasOwn(REFUSED, name)) {
    throw new JinjaError(`the filter ${name} is not supported here: ${REFUSED[name]}`);
  }
  throw new JinjaError(`there is no filter ${name}`);
}

/** A filter of the text that a value is printed as. */
const ofText = (change: (text: string) => string): Filter => (value, args) => {
  bound("the filter", args, []);
  return change(printed(value));
};

const same: Filter = (value) => value;

/** Upper case at the start of words, which Jinja2 divides at spaces, hyphens and opening brackets. */
const titled = (text: string) =>
  text.split(/([-\s({[<]+)/).map(([first = "", ...rest]) => first.toUpperCase() + rest.join("").toLowerCase())
    .join("");

function toInt(value: PyValue, base: number): bigint | undefined {
  const number = toNumber(value);
  if (number !== undefined) {
    return typeof number === "bigint"
      ? number
      : Number.isFinite(number)
      ? BigInt(Math.trunc(number))
      : undefined;
  }
  if (typeof value !== "string") return undefined;
  const whole = wholeNumber(value.trim().toLowerCase(), base);
  if (whole !== undefined) return whole;
  const float = toFloat(value);
  return float === undefined || !Number.isFinite(float) ? undefined : BigInt(Math.trunc(float));
}

const PREFIXES: Record<number, string> = { 2: "0b", 8: "0o", 16: "0x" };

/** Python's `int(text, base)`; the base 0 is that of the prefix. Undefined where it fails. */
function wholeNumber(text: string, base: number): bigint | undefined {
  const [, sign = "", unsigned = ""] = /^([-+]?)(.*)$/s.exec(text)!;
  const prefixed = Object.entries(PREFIXES).find(([, prefix]) => unsigned.startsWith(prefix));
  if (base === 0) {
    if (prefixed === undefined && /^0+[1-9]/.test(unsigned)) return undefined;
    base = prefixed === undefined ? 10 : Number(prefixed[0]);
  }
  const prefix = PREFIXES[base];
  const digits = prefix !== undefined && unsigned.startsWith(prefix)
    ? unsigned.slice(prefix.length).replace(/^_/, "")
    : unsigned;
  if (!/^[\da-z]+(_[\da-z]+)*$/.test(digits)) return undefined;
  let number = 0n;
  for (const digit of digits.replaceAll("_", "")) {
    const value = parseInt(digit, 36);
    if (value >= base) return undefined;
    number = number * BigInt(base) + BigInt(value);
  }
  return sign === "-" ? -number : number;
}

function toFloat(value: PyValue): number | undefined {
  const number = toNumber(value);
  if (number !== undefined) return Number(number);
  if (typeof value !== "string") return undefined;
  const text = value.trim().replaceAll(/(?<=\d)_(?=\d)/g, "");
  const special = /^([-+]?)(inf|infinity|nan)$/i.exec(text);
  if (special !== null) {
    const size = special[2]!.toLowerCase() === "nan" ? NaN : Infinity;
    return special[1] === "-" ? -size : size;
  }
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** Python's `round` of a float: halves go to the even neighbour. */
function rounded(value: number, places: number): number {
  if (!Number.isFinite(value) || places > 100) return value;
  if (places >= 0) return Number(fixedText(value, places));
  const whole = Math.trunc(value);
  return Number(roundedWhole(BigInt(whole), places, whole !== value));
}

/** @param hasMore Whether the number is a fraction further from 0 than `value`. */
function roundedWhole(value: bigint, places: number, hasMore = false): bigint {
  const unit = 10n ** BigInt(-places);
  const size = value < 0n ? -value : value;
  const [count, rest] = [size / unit, 2n * (size % unit)];
  const isUp = rest > unit || (rest === unit && (hasMore || count % 2n === 1n));
  const result = (isUp ? count + 1n : count) * unit;
  return value < 0n ? -result : result;
}

const round: Filter = (value, args) => {
  const { precision = 0n, method = "common" } = bound("round", args, ["precision", "method"]);
  const number = toNumber(value);
  if (number === undefined) throw notUsable(value, `round does not take a ${typeName(value)}`);
  const places = countOf("round", precision);
  if (method === "common") {
    if (typeof number === "number") return rounded(number, places);
    return places >= 0 ? number : roundedWhole(number, places);
  }
  const by = method === "ceil" ? Math.ceil : method === "floor" ? Math.floor : undefined;
  if (by === undefined) throw new JinjaError("the method of round is common, ceil or floor");
  return by(Number(number) * 10 ** places) / 10 ** places;
};

const indent: Filter = (value, args) => {
  const { width = 4n, first = false, blank = false } = bound("indent", args, ["width", "first", "blank"]);
  const space = typeof width === "string" ? width : " ".repeat(countOf("indent", width));
  const [head = "", ...rest] = printed(value).split("\n");
  const lines = rest.map((line) => line === "" && !isTrue(blank) ? line : space + line);
  return (isTrue(first) ? space : "") + [head, ...lines].join("\n");
};

const truncate: Filter = (value, args) => {
  const { length = 255n, killwords = false, end = "...", leeway = 5n } = bound("truncate", args, [
    "length",
    "killwords",
    "end",
    "leeway",
  ]);
  const all = [...printed(value)];
  const [limit, tail] = [countOf("truncate", length), printed(end)];
  if (limit < [...tail].length) {
    throw new JinjaError(`truncate takes a length of at least ${[...tail].length}, that of what it appends`);
  }
  if (all.length <= limit + countOf("truncate", leeway)) return all.join("");
  const cut = all.slice(0, limit - [...tail].length).join("");
  return (isTrue(killwords) || !cut.includes(" ") ? cut : cut.slice(0, cut.lastIndexOf(" "))) + tail;
};

const FILTERS: Record<string, Filter> = {
  ...sequenceFilters(applyFilter),
  upper: ofText((text) => text.toUpperCase()),
  lower: ofText((text) => text.toLowerCase()),
  capitalize: ofText(capitalized),
  title: ofText(titled),
  string: ofText((text) => text),
  wordcount: (value) => BigInt(printed(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  trim: (value, args) => stripped(printed(value), "both", bound("trim", args, ["chars"]).chars),
  center(value, args) {
    const { width = 80n } = bound("center", args, ["width"]);
    return alignedText(printed(value), countOf("center", width), " ", "center");
  },
  replace(value, args) {
    const { old, new: to, count } = bound("replace", args, ["old", "new", "count"]);
    const [from, by] = [required("replace", "old", old), required("replace", "new", to)];
    return replaced(printed(value), printed(from), printed(by), count);
  },
  format(value, { positional, named }) {
    return percentFormat(printed(value), named.size > 0 ? new Dict(named) : new Tuple(positional));
  },
  indent,
  truncate,
  abs(value) {
    const number = toNumber(value);
    if (number === undefined) throw notUsable(value, `abs does not take a ${typeName(value)}`);
    return number < 0 ? -number : number;
  },
  round,
  int(value, args) {
    const { default: fallback = 0n, base = 10n } = bound("int", args, ["default", "base"]);
    return toInt(value, countOf("int", base)) ?? fallback;
  },
  float(value, args) {
    const { default: fallback = 0 } = bound("float", args, ["default"]);
    return toFloat(value) ?? fallback;
  },
  default: fallback,
  d: fallback,
  length: lengthOf,
  count: lengthOf,
  items(value) {
    if (value instanceof Dict) return new Generator(value.entries().map((entry) => new Tuple(entry)));
    throw notUsable(value, `items takes a dictionary, not a ${typeName(value)}`);
  },
  tojson(value, args) {
    const { indent: width } = bound("tojson", args, ["indent"]);
    const form = { sortKeys: true, indent: width === undefined ? undefined : countOf("tojson", width) };
    // Jinja2 makes it safe for HTML.
    return jsonText(value, form).replaceAll(
      /[<>&']/g,
      (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
    );
  },
  safe: same,
  as_text: same,
  as_bool: same,
  as_number: same,
  as_native: same,
};

function fallback(value: PyValue, args: Arguments): PyValue {
  const { default_value = "", boolean = false } = bound("default", args, ["default_value", "boolean"]);
  return value instanceof Undefined || (isTrue(boolean) && !isTrue(value)) ? default_value : value;
}
