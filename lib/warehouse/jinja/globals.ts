/** What every template has: Jinja2's functions, and those of dbt that need no project. */
import { parse as parseYaml, stringify as yamlText } from "yaml";
import { bound, countOf, required, textOf } from "./python/calling.ts";
import { jsonText } from "./python/json.ts";
import { pairOf } from "./python/methods.ts";
import {
  type Arguments,
  Callable,
  compare,
  Dict,
  fromJson,
  isEqual,
  itemsOf,
  JinjaError,
  Namespace,
  printed,
  type PyValue,
  Thing,
  toJson,
  Tuple,
  Undefined,
  View,
} from "./python/values.ts";

type Call = (args: Arguments) => PyValue;

/** What `{{ return(value) }}` ends a macro with. */
export class ReturnedValue {
  constructor(readonly value: PyValue) {}
}

function range(args: Arguments): PyValue {
  if (args.named.size > 0 || args.positional.length === 0 || args.positional.length > 3) {
    throw new JinjaError("range takes one to three whole numbers");
  }
  const numbers = args.positional.map((value) => countOf("range", value));
  const [start = 0, stop = 0, step = 1] = numbers.length === 1 ? [0, numbers[0]!] : numbers;
  if (step === 0) throw new JinjaError("range has the step 0");
  const count = Math.max(0, Math.ceil((stop - start) / step));
  // Jinja2's limit, which keeps a typing error from filling the memory.
  if (count > 100_000) throw new JinjaError("range has more than 100000 numbers");
  const items = Array.from({ length: count }, (_, i) => BigInt(start + i * step));
  return new View(items, () => `range(${start}, ${stop}${step === 1 ? "" : `, ${step}`})`, true);
}

function toDict({ positional: [from, ...more], named }: Arguments): Dict {
  if (more.length > 0) throw new JinjaError("dict takes one mapping");
  const dict = from instanceof Dict
    ? new Dict(from.entries())
    : new Dict((from === undefined ? [] : itemsOf(from)).map(pairOf));
  for (const [name, value] of named) dict.set(name, value);
  return dict;
}

function zipped(args: Arguments, isStrict: boolean): PyValue {
  const lists = args.positional.map(itemsOf);
  const lengths = lists.map((list) => list.length);
  const length = lists.length === 0 ? 0 : Math.min(...lengths);
  if (isStrict && lengths.some((other) => other !== length)) {
    throw new JinjaError("the lists of zip_strict differ in length");
  }
  return Array.from({ length }, (_, i) => new Tuple(lists.map((list) => list[i]!)));
}

function cycler({ positional: items }: Arguments): PyValue {
  if (items.length === 0) throw new JinjaError("cycler takes at least one item");
  let at = 0;
  return new Thing("cycler", (name) => {
    switch (name) {
      case "current":
        return items[at]!;
      case "next":
        return new Callable("next", () => {
          const item = items[at]!;
          at = (at + 1) % items.length;
          return item;
        });
      case "reset":
        return new Callable("reset", () => (at = 0, null));
    }
  });
}

function joiner(args: Arguments): PyValue {
  const { sep = ", " } = bound("joiner", args, ["sep"]);
  let isUsed = false;
  return new Callable("joiner", () => {
    const before = isUsed;
    isUsed = true;
    return before ? sep : "";
  });
}

/** Different items, in order where they have one: Python's order of a set is that of no rule. */
function toSet(args: Arguments): PyValue {
  const { value = [] } = bound("set", args, ["value"]);
  const items: PyValue[] = [];
  for (const item of itemsOf(value)) if (!items.some((other) => isEqual(item, other))) items.push(item);
  return new View(items.toSorted(compare), () => {
    throw new JinjaError("a set is printed, whose order is that of no rule: write `| sort` behind it");
  });
}

function parsed(name: string, args: Arguments, parse: (text: string) => unknown): PyValue {
  const { string, default: fallback = null } = bound(name, args, ["string", "default"]);
  try {
    return fromJson(parse(textOf(name, string)));
  } catch (error) {
    // dbt gives the default, None, for a text that cannot be read.
    if (error instanceof SyntaxError || (error as Error).name === "YAMLParseError") return fallback;
    throw error;
  }
}

const FUNCTIONS: Record<string, Call> = {
  range,
  dict: toDict,
  namespace: (args) =>
    new Namespace(new Map(toDict(args).entries().map(([name, value]) => [printed(name), value]))),
  cycler,
  joiner,
  zip: (args) => zipped(args, false),
  zip_strict: (args) => zipped(args, true),
  set: toSet,
  set_strict: toSet,
  return(args) {
    throw new ReturnedValue(required("return", "data", bound("return", args, ["data"]).data));
  },
  tojson(args) {
    const { value, sort_keys = false } = bound("tojson", args, ["value", "default", "sort_keys"]);
    return jsonText(required("tojson", "value", value), { sortKeys: sort_keys === true });
  },
  fromjson: (args) => parsed("fromjson", args, JSON.parse),
  toyaml(args) {
    const { value } = bound("toyaml", args, ["value", "default", "sort_keys"]);
    return yamlText(toJson(required("toyaml", "value", value)));
  },
  fromyaml: (args) => parsed("fromyaml", args, parseYaml),
};

/** A function by its name. */
export const globalFunction = (name: string): Callable | undefined =>
  Object.hasOwn(FUNCTIONS, name) ? new Callable(name, FUNCTIONS[name]!) : undefined;

/**
 * What `loop` is in each turn of a loop.
 *
 * @param again Goes through a list within the loop, where it is recursive.
 */
export function loopOf(
  items: PyValue[],
  level: number,
  again: Callable["call"] | undefined,
): (turn: number) => Thing {
  // A body may append to the list that it goes through: Jinja2 counts once.
  let counted: number | undefined;
  const length = () => counted ??= items.length;
  let previous: PyValue[] | undefined;
  const changed = new Callable("loop.changed", ({ positional }) => {
    const isChanged = previous === undefined || !isEqual(previous, positional);
    previous = positional;
    return isChanged;
  });
  return (turn) => {
    const beside = (at: number) => {
      const item = items[at];
      return item === undefined ? new Undefined("there is no item beside the first or last of a loop") : item;
    };
    const attributes: Record<string, () => PyValue> = {
      index: () => BigInt(turn + 1),
      index0: () => BigInt(turn),
      revindex: () => BigInt(length() - turn),
      revindex0: () => BigInt(length() - turn - 1),
      first: () => turn === 0,
      last: () => turn === items.length - 1,
      length: () => BigInt(length()),
      depth: () => BigInt(level),
      depth0: () => BigInt(level - 1),
      previtem: () => beside(turn - 1),
      nextitem: () => beside(turn + 1),
      cycle: () =>
        new Callable("loop.cycle", ({ positional }) => positional[turn % positional.length] ?? null),
      changed: () => changed,
    };
    return new Thing(
      "loop",
      (name) => Object.hasOwn(attributes, name) ? attributes[name]!() : undefined,
      undefined,
      again,
    );
  };
}
