/** Filters of what has several items. */
import { bound, countOf, type Filter, required } from "./python/calling.ts";
import { attributeOf } from "./python/attributes.ts";
import { calculate } from "./python/operators.ts";
import { passes } from "./tests.ts";
import {
  type Arguments,
  compare,
  Dict,
  Generator,
  isEqual,
  isTrue,
  itemsOf,
  JinjaError,
  notUsable,
  printed,
  type PyValue,
  Tuple,
  typeName,
  Undefined,
} from "./python/values.ts";

type ApplyFilter = (name: string, value: PyValue, args: Arguments) => PyValue;

/** @param apply Applies a filter by its name, for `map`. */
export function sequenceFilters(apply: ApplyFilter): Record<string, Filter> {
  return {
    list: (value) => [...itemsOf(value)],
    first: (value) => itemOr(itemsOf(value)[0], "the first item of an empty sequence is used"),
    last: (value) => itemOr(itemsOf(value).at(-1), "the last item of an empty sequence is used"),
    join(value, args) {
      const { d = "", attribute } = bound("join", args, ["d", "attribute"]);
      const items = itemsOf(value).map((item) =>
        attribute === undefined || attribute === null ? item : read(item, attribute)
      );
      return items.map(printed).join(printed(d));
    },
    sum(value, args) {
      const { attribute, start = 0n } = bound("sum", args, ["attribute", "start"]);
      if (typeof start === "string") throw new JinjaError("sum adds no texts: write `| join`");
      return itemsOf(value).map((item) =>
        attribute === undefined || attribute === null ? item : read(item, attribute)
      )
        .reduce((sum, item) => calculate("+", sum, item), start);
    },
    max: (value, args) => extreme("max", value, args),
    min: (value, args) => extreme("min", value, args),
    reverse(value) {
      const items = [...itemsOf(value)].reverse();
      return typeof value === "string" ? items.join("") : new Generator(items);
    },
    sort(value, args) {
      const { reverse = false, case_sensitive = false, attribute } = bound("sort", args, [
        "reverse",
        "case_sensitive",
        "attribute",
      ]);
      return sorted([...itemsOf(value)], keyBy(attribute, case_sensitive), isTrue(reverse));
    },
    dictsort(value, args) {
      const { case_sensitive = false, by = "key", reverse = false } = bound("dictsort", args, [
        "case_sensitive",
        "by",
        "reverse",
      ]);
      if (!(value instanceof Dict)) {
        throw notUsable(value, `dictsort takes a dictionary, not a ${typeName(value)}`);
      }
      if (by !== "key" && by !== "value") throw new JinjaError("dictsort is by key or value");
      const key = keyBy(undefined, case_sensitive);
      const at = by === "key" ? 0 : 1;
      const pairs = value.entries().map((entry) => new Tuple(entry));
      return sorted(pairs, (pair) => key((pair as Tuple).items[at]!), isTrue(reverse));
    },
    unique(value, args) {
      const { case_sensitive = false, attribute } = bound("unique", args, ["case_sensitive", "attribute"]);
      const key = keyBy(attribute, case_sensitive);
      const seen = new Dict();
      return new Generator(
        itemsOf(value).filter((item) => {
          if (seen.has(key(item))) return false;
          seen.set(key(item), true);
          return true;
        }),
      );
    },
    groupby: grouped,
    batch(value, args) {
      const { linecount, fill_with } = bound("batch", args, ["linecount", "fill_with"]);
      const size = atLeastOne("batch", required("batch", "linecount", linecount));
      const items = itemsOf(value);
      const rows: PyValue[][] = [];
      for (let i = 0; i < items.length; i += size) rows.push(items.slice(i, i + size));
      const last = rows.at(-1);
      while (last !== undefined && fill_with !== undefined && last.length < size) last.push(fill_with);
      return new Generator(rows);
    },
    slice(value, args) {
      const { slices, fill_with } = bound("slice", args, ["slices", "fill_with"]);
      const count = atLeastOne("slice", required("slice", "slices", slices));
      const items = itemsOf(value);
      const [size, longer] = [Math.floor(items.length / count), items.length % count];
      let at = 0;
      return new Generator(Array.from({ length: count }, (_, i): PyValue[] => {
        const part = items.slice(at, at += size + (i < longer ? 1 : 0));
        return fill_with !== undefined && i >= longer && longer > 0 ? [...part, fill_with] : part;
      }));
    },
    map: (value, args) => new Generator(itemsOf(value).map(mapping(args, apply))),
    select: (value, args) => picked(value, args, { byAttribute: false, wanted: true }),
    reject: (value, args) => picked(value, args, { byAttribute: false, wanted: false }),
    selectattr: (value, args) => picked(value, args, { byAttribute: true, wanted: true }),
    rejectattr: (value, args) => picked(value, args, { byAttribute: true, wanted: false }),
  };
}

/** An item, which may be None; undefined where there is none. */
const itemOr = (item: PyValue | undefined, reason: string) =>
  item === undefined ? new Undefined(reason) : item;

function atLeastOne(called: string, value: PyValue): number {
  const count = countOf(called, value);
  if (count < 1) throw new JinjaError(`${called} takes a number of at least 1, and not ${count}`);
  return count;
}

/** What stands at a path such as `a.b` or `0` of an item. */
function read(item: PyValue, attribute: PyValue): PyValue {
  const path = typeof attribute === "string" ? attribute.split(".") : [attribute];
  return path.reduce<PyValue>(
    (value, name) => attributeOf(value, typeof name === "string" && /^\d+$/.test(name) ? BigInt(name) : name),
    item,
  );
}

type Key = (item: PyValue) => PyValue;

/** What items are compared by: an attribute, several with commas, or themselves; text without regard to case. */
function keyBy(attribute: PyValue | undefined, isCaseSensitive: PyValue): Key {
  const folded = (value: PyValue) =>
    typeof value === "string" && !isTrue(isCaseSensitive) ? value.toLowerCase() : value;
  if (attribute === undefined || attribute === null) return folded;
  if (typeof attribute !== "string" || !attribute.includes(",")) {
    return (item) => folded(read(item, attribute));
  }
  const attributes = attribute.split(",").map((one) => one.trim());
  return (item) => attributes.map((one) => folded(read(item, one)));
}

/** Stable in both directions, as Python's. */
function sorted(items: PyValue[], key: Key, isReversed: boolean): PyValue[] {
  return items.map((item) => ({ item, key: key(item) }))
    .sort((a, b) => isReversed ? compare(b.key, a.key) : compare(a.key, b.key))
    .map(({ item }) => item);
}

function extreme(name: "max" | "min", value: PyValue, args: Arguments): PyValue {
  const { case_sensitive = false, attribute } = bound(name, args, ["case_sensitive", "attribute"]);
  const items = itemsOf(value);
  const key = keyBy(attribute, case_sensitive);
  if (items.length === 0) return new Undefined(`the ${name} of an empty sequence is used`);
  return items.reduce((best, item) => {
    const order = compare(key(item), key(best));
    return (name === "max" ? order > 0 : order < 0) ? item : best;
  });
}

const grouped: Filter = (value, args) => {
  const { attribute, default: fallback, case_sensitive = false } = bound("groupby", args, [
    "attribute",
    "default",
    "case_sensitive",
  ]);
  const by = required("groupby", "attribute", attribute);
  const fold = keyBy(undefined, case_sensitive);
  const own = (item: PyValue) => {
    const found = read(item, by);
    return found instanceof Undefined && fallback !== undefined ? fallback : found;
  };
  const groups: { key: PyValue; grouper: PyValue; list: PyValue[] }[] = [];
  for (const item of sorted([...itemsOf(value)], (item) => fold(own(item)), false)) {
    const key = fold(own(item));
    const last = groups.at(-1);
    if (last !== undefined && isEqual(last.key, key)) last.list.push(item);
    else groups.push({ key, grouper: own(item), list: [item] });
  }
  return groups.map(({ grouper, list }) => new Tuple([grouper, list], ["grouper", "list"]));
};

function mapping({ positional, named }: Arguments, apply: ApplyFilter): Key {
  const [filter, ...rest] = positional;
  if (filter === undefined) {
    const { attribute, default: fallback } = bound("map", { positional: [], named }, [
      "attribute",
      "default",
    ]);
    const by = required("map", "attribute", attribute);
    return (item) => {
      const found = read(item, by);
      return found instanceof Undefined && fallback !== undefined ? fallback : found;
    };
  }
  if (typeof filter !== "string") throw new JinjaError("map takes the name of a filter");
  return (item) => apply(filter, item, { positional: rest, named });
}

function picked(
  value: PyValue,
  { positional, named }: Arguments,
  { byAttribute, wanted }: { byAttribute: boolean; wanted: boolean },
): PyValue {
  const rest = [...positional];
  const attribute = byAttribute ? required("selectattr", "its attribute", rest.shift()) : undefined;
  const test = rest.shift();
  if (test !== undefined && typeof test !== "string") throw new JinjaError("select takes the name of a test");
  const holds = (item: PyValue) => {
    const subject = attribute === undefined ? item : read(item, attribute);
    return test === undefined ? isTrue(subject) : passes(test, subject, { positional: rest, named });
  };
  return new Generator(itemsOf(value).filter((item) => holds(item) === wanted));
}
