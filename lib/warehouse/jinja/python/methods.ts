/** The methods of Python's str, list, dict and tuple. */
import { bound, countOf, required, textOf } from "./calling.ts";
import { braceFormat } from "./format.ts";
import {
  type Arguments,
  Callable,
  compare,
  Dict,
  isEqual,
  isTrue,
  itemsOf,
  JinjaError,
  type PyValue,
  requireSize,
  Tuple,
  typeName,
  View,
  written,
} from "./values.ts";

type Method<T> = (self: T, args: Arguments) => PyValue;

/** A method of a value; undefined when its type has none of that name. */
export function methodOf(value: PyValue, name: string): Callable | undefined {
  if (typeof value === "string") return method(TEXT, value, name);
  if (Array.isArray(value)) return method(LIST, value, name);
  if (value instanceof Dict) return method(DICT, value, name);
  if (value instanceof Tuple) return method(TUPLE, value, name);
}

function method<T extends PyValue>(
  methods: Record<string, Method<T>>,
  self: T,
  name: string,
): Callable | undefined {
  const found = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return found && new Callable(`${typeName(self)}.${name}`, (args) => found(self, args));
}

const isAll = (pattern: RegExp): Method<string> => (text) => pattern.test(text);
type Ends = "both" | "start" | "end";

/** Removes characters at the ends, by default white space. */
export function stripped(text: string, ends: Ends, characters: PyValue | undefined): string {
  if (characters === undefined || characters === null) {
    return ends === "both" ? text.trim() : ends === "start" ? text.trimStart() : text.trimEnd();
  }
  const set = new Set([...textOf("strip", characters)]);
  const all = [...text];
  let [from, to] = [0, all.length];
  if (ends !== "end") { while (from < to && set.has(all[from]!)) from++; }
  if (ends !== "start") { while (to > from && set.has(all[to - 1]!)) to--; }
  return all.slice(from, to).join("");
}

const strip = (ends: Ends): Method<string> => (text, args) =>
  stripped(text, ends, bound("strip", args, ["chars"]).chars);

/** `text.replace(old, new[, count])`. */
export function replaced(text: string, from: string, to: string, count: PyValue | undefined): string {
  const limit = count === undefined || count === null ? -1 : countOf("replace", count);
  if (limit < 0) return text.replaceAll(from, () => to);
  let left = limit;
  return text.replaceAll(from, (found) => left-- > 0 ? to : found);
}

/** Upper case behind whatever is no letter, as `str.title` does. */
const titled = (text: string) => text.replaceAll(/\p{L}+/gu, capitalized);

/** The first character in upper, the rest in lower case. */
export const capitalized = (text: string): string => {
  const [first = "", ...rest] = [...text];
  // Of ß, which has no capital of its own, Python makes Ss.
  const [capital = "", ...more] = [...(TITLE_CASE[first.toLowerCase()] ?? first.toUpperCase())];
  return capital + (more.join("") + rest.join("")).toLowerCase();
};

/** Letters that are two, of which a word starts with the first as a capital. */
const TITLE_CASE: Record<string, string> = { "ǆ": "ǅ", "ǉ": "ǈ", "ǌ": "ǋ", "ǳ": "ǲ" };

function split(text: string, args: Arguments, fromEnd: boolean): PyValue[] {
  const { sep, maxsplit } = bound("split", args, ["sep", "maxsplit"]);
  const limit = maxsplit === undefined ? -1 : countOf("split", maxsplit);
  if (sep === undefined || sep === null) return splitAtSpace(text, limit, fromEnd);
  const separator = textOf("split", sep);
  if (separator === "") throw new JinjaError("split takes a separator that is not empty");
  const parts = text.split(separator);
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return fromEnd
    ? [parts.slice(0, parts.length - limit).join(separator), ...parts.slice(parts.length - limit)]
    : [...parts.slice(0, limit), parts.slice(limit).join(separator)];
}

function splitAtSpace(text: string, limit: number, fromEnd: boolean): PyValue[] {
  const words = [...text.trim().matchAll(/\S+/g)];
  if (limit < 0 || words.length <= limit + 1) return words.map(([word]) => word);
  if (fromEnd) throw new JinjaError("rsplit with a limit takes a separator here");
  const rest = words[limit]!;
  return [...words.slice(0, limit).map(([word]) => word), text.trim().slice(rest.index)];
}

function partition(text: string, separator: string, at: number): PyValue {
  if (at < 0) return new Tuple([text, "", ""]);
  return new Tuple([text.slice(0, at), separator, text.slice(at + separator.length)]);
}

function aligned(text: string, args: Arguments, align: "left" | "right" | "center"): string {
  const { width, fillchar = " " } = bound("ljust", args, ["width", "fillchar"]);
  return alignedText(
    text,
    countOf("ljust", required("ljust", "width", width)),
    textOf("ljust", fillchar),
    align,
  );
}

/** Text of at least a width, as `ljust`, `rjust` and `center` make it. */
export function alignedText(
  text: string,
  width: number,
  fill: string,
  align: "left" | "right" | "center",
): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (align === "left") return text + fill.repeat(missing);
  if (align === "right") return fill.repeat(missing) + text;
  // Python puts the odd one to the left when the width is odd.
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

function hasEnd(args: Arguments, has: (end: string) => boolean): boolean {
  const { ends } = bound("startswith", args, ["ends"]);
  const all = ends instanceof Tuple ? ends.items : [required("startswith", "its text", ends)];
  return all.some((end) => has(textOf("startswith", end)));
}

const found = (place: number, text: string, name: string) => {
  if (place < 0 && name === "index") throw new JinjaError("substring not found");
  // Places are counted in characters, and JavaScript counts code units.
  return place < 0 ? -1n : BigInt([...text.slice(0, place)].length);
};

const only = (name: string, args: Arguments) =>
  required(name, "its argument", bound(name, args, ["value"]).value);
const none = (name: string, args: Arguments) => void bound(name, args, []);

const TEXT: Record<string, Method<string>> = {
  upper: (text, args) => (none("upper", args), text.toUpperCase()),
  lower: (text, args) => (none("lower", args), text.toLowerCase()),
  casefold: (text) => text.toLowerCase().replaceAll("ß", "ss"),
  title: titled,
  capitalize: capitalized,
  swapcase: (text) =>
    [...text].map((one) => one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase()).join(""),
  strip: strip("both"),
  lstrip: strip("start"),
  rstrip: strip("end"),
  split: (text, args) => split(text, args, false),
  rsplit: (text, args) => split(text, args, true),
  splitlines: (text, args) => {
    none("splitlines", args);
    const lines = text.split(/\r\n|[\n\r\v\f\x85\u2028\u2029]/);
    return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
  },
  replace(text, args) {
    const { old, new: to, count } = bound("replace", args, ["old", "new", "count"]);
    return replaced(text, textOf("replace", old), textOf("replace", to), count);
  },
  startswith: (text, args) => hasEnd(args, (end) => text.startsWith(end)),
  endswith: (text, args) => hasEnd(args, (end) => text.endsWith(end)),
  join(text, args) {
    const parts = itemsOf(only("join", args));
    for (const part of parts) textOf("join", part);
    return parts.join(text);
  },
  format: braceFormat,
  find: (text, args) => found(text.indexOf(textOf("find", only("find", args))), text, "find"),
  rfind: (text, args) => found(text.lastIndexOf(textOf("rfind", only("rfind", args))), text, "rfind"),
  index: (text, args) => found(text.indexOf(textOf("index", only("index", args))), text, "index"),
  count: (text, args) => {
    const part = textOf("count", only("count", args));
    return BigInt(part === "" ? [...text].length + 1 : text.split(part).length - 1);
  },
  isdigit: isAll(/^\p{Nd}+$/u),
  isdecimal: isAll(/^\p{Nd}+$/u),
  isnumeric: isAll(/^\p{N}+$/u),
  isalpha: isAll(/^\p{L}+$/u),
  isalnum: isAll(/^[\p{L}\p{N}]+$/u),
  isspace: isAll(/^\s+$/),
  isupper: (text) => /\p{L}/u.test(text) && text === text.toUpperCase(),
  islower: (text) => /\p{L}/u.test(text) && text === text.toLowerCase(),
  isidentifier: isAll(/^[\p{L}_][\p{L}\p{N}_]*$/u),
  zfill: (text, args) => {
    const sign = /^[-+]/.exec(text)?.[0] ?? "";
    return sign + text.slice(sign.length).padStart(countOf("zfill", only("zfill", args)) - sign.length, "0");
  },
  ljust: (text, args) => aligned(text, args, "left"),
  rjust: (text, args) => aligned(text, args, "right"),
  center: (text, args) => aligned(text, args, "center"),
  partition: (text, args) => {
    const separator = textOf("partition", only("partition", args));
    return partition(text, separator, text.indexOf(separator));
  },
  rpartition: (text, args) => {
    const separator = textOf("rpartition", only("rpartition", args));
    const at = text.lastIndexOf(separator);
    return at < 0 ? new Tuple(["", "", text]) : partition(text, separator, at);
  },
  removeprefix: (text, args) => {
    const prefix = textOf("removeprefix", only("removeprefix", args));
    return text.startsWith(prefix) ? text.slice(prefix.length) : text;
  },
  removesuffix: (text, args) => {
    const suffix = textOf("removesuffix", only("removesuffix", args));
    return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
  },
};

function placeIn(items: PyValue[], args: Arguments): number {
  const wanted = only("index", args);
  const at = items.findIndex((item) => isEqual(item, wanted));
  if (at < 0) throw new JinjaError(`${written(wanted)} is not in the list`);
  return at;
}

const countIn = (items: PyValue[], args: Arguments) => {
  const wanted = only("count", args);
  return BigInt(items.filter((item) => isEqual(item, wanted)).length);
};

const TUPLE: Record<string, Method<Tuple>> = {
  index: ({ items }, args) => BigInt(placeIn(items, args)),
  count: ({ items }, args) => countIn(items, args),
};

const LIST: Record<string, Method<PyValue[]>> = {
  append: (list, args) => (list.push(only("append", args)), null),
  extend(list, args) {
    const items = [...itemsOf(only("extend", args))];
    requireSize(list.length + items.length);
    for (const item of items) list.push(item);
    return null;
  },
  insert(list, args) {
    const { index, value } = bound("insert", args, ["index", "value"]);
    list.splice(countOf("insert", required("insert", "index", index)), 0, required("insert", "value", value));
    return null;
  },
  pop(list, args) {
    const { index = -1n } = bound("pop", args, ["index"]);
    const at = countOf("pop", index);
    const [item] = at < -list.length ? [] : list.splice(at, 1);
    if (item === undefined) throw new JinjaError("pop from an empty list, or beyond its end");
    return item;
  },
  remove: (list, args) => (list.splice(placeIn(list, args), 1), null),
  clear: (list) => (list.length = 0, null),
  copy: (list) => [...list],
  reverse: (list) => (list.reverse(), null),
  sort(list, args) {
    const { reverse = false } = bound("sort", args, ["reverse"]);
    list.sort(isTrue(reverse) ? (a, b) => compare(b, a) : compare);
    return null;
  },
  index: (list, args) => BigInt(placeIn(list, args)),
  count: countIn,
};

const DICT: Record<string, Method<Dict>> = {
  items: (
    dict,
    args,
  ) => (none("items", args), view("dict_items", dict.entries().map((entry) => new Tuple(entry)))),
  keys: (dict, args) => (none("keys", args), view("dict_keys", dict.keys())),
  values: (
    dict,
    args,
  ) => (none("values", args), view("dict_values", dict.entries().map(([, value]) => value))),
  get(dict, args) {
    const { key, default: fallback = null } = bound("get", args, ["key", "default"]);
    const value = dict.get(required("get", "key", key));
    // None is a value.
    return value === undefined ? fallback : value;
  },
  update(dict, { positional, named }) {
    for (const other of positional) {
      if (other instanceof Dict) { for (const [key, value] of other.entries()) dict.set(key, value); }
      else for (const pair of itemsOf(other)) dict.set(...pairOf(pair));
    }
    for (const [key, value] of named) dict.set(key, value);
    return null;
  },
  pop(dict, args) {
    const { key, default: fallback } = bound("pop", args, ["key", "default"]);
    const value = dict.get(required("pop", "key", key));
    if (value === undefined && fallback === undefined) {
      throw new JinjaError(`the dictionary has no key ${written(key!)}`);
    }
    dict.delete(key!);
    return value === undefined ? fallback! : value;
  },
  setdefault(dict, args) {
    const { key, default: fallback = null } = bound("setdefault", args, ["key", "default"]);
    if (!dict.has(required("setdefault", "key", key))) dict.set(key!, fallback);
    return dict.get(key!)!;
  },
  copy: (dict) => new Dict(dict.entries()),
  clear: (dict) => (dict.clear(), null),
};

const view = (name: string, items: PyValue[]) => new View(items, () => `${name}(${written(items)})`);

/** A key and a value of a sequence of two. */
export function pairOf(pair: PyValue): [PyValue, PyValue] {
  const [key, value, ...more] = itemsOf(pair);
  if (key === undefined || value === undefined || more.length > 0) {
    throw new JinjaError("expected pairs of a key and a value");
  }
  return [key, value];
}
