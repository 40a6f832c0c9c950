import { InputError } from "shopflow/errors/mod.ts";

/**
 * What the models know of customers: arrays of one length, a customer a place. Times are in one unit, which the model's
 * `alpha` and every horizon then have, too.
 */
export interface PurchaseHistories {
  /** Repeat purchases: all but the first, so 0 of a customer with one purchase. */
  frequency: ArrayLike<number>;
  /** Time from the first purchase to the last; 0 of a customer with one purchase. */
  recency: ArrayLike<number>;
  /** Time from the first purchase to the end of the observation. */
  T: ArrayLike<number>;
}

/** Recency may be past T by rounding, never by more. */
const ROUNDING = 1e-9;
/** Errors name at most so many of the wrong customers. */
const NAMED = 3;

/**
 * @throws {InputError} when the arrays differ in length or are empty, or a history is impossible: the message names the
 *   places.
 */
export function checkHistories({ frequency, recency, T }: PurchaseHistories): void {
  const customers = frequency.length;
  if (recency.length !== customers || T.length !== customers) {
    throw new InputError("Frequency, recency and T have different lengths", {
      expected: "one value a customer in each",
      found: `${customers}, ${recency.length} and ${T.length}`,
    });
  }
  if (customers === 0) {
    throw new InputError("There are no purchase histories", {
      expected: "at least one customer",
      found: "none",
    });
  }
  const wrong: { place: number; rule: Rule }[] = [];
  for (let i = 0; i < customers; i++) {
    const rule = brokenRule(frequency[i]!, recency[i]!, T[i]!);
    if (rule !== undefined) wrong.push({ place: i, rule });
  }
  const [first] = wrong;
  if (first === undefined) return;
  const alike = wrong.filter(({ rule }) => rule === first.rule);
  const { what, expected } = RULES[first.rule];
  const found = alike.slice(0, NAMED)
    .map(({ place: i }) => `frequency ${frequency[i]}, recency ${recency[i]}, T ${T[i]} at place ${i}`);
  throw new InputError(`Invalid purchase histories: ${what} of ${alike.length} of ${customers} customers`, {
    expected,
    found: found.join("; ") + (alike.length > NAMED ? "; …" : ""),
    remedy: "Recency is counted from the first purchase to the last, T to the end of the observation.",
  });
}

type Rule = "frequency" | "time" | "order" | "alone";

const RULES: Record<Rule, { what: string; expected: string }> = {
  frequency: { what: "the frequency", expected: "a whole number of repeat purchases, at least 0" },
  time: { what: "recency or T", expected: "finite times of at least 0" },
  order: { what: "the recency", expected: "at most T" },
  alone: { what: "the recency", expected: "0 of a customer without a repeat purchase" },
};

function brokenRule(x: number, recency: number, T: number): Rule | undefined {
  if (!(Number.isSafeInteger(x) && x >= 0)) return "frequency";
  if (!(T >= 0 && T < Infinity && recency >= 0 && recency < Infinity)) return "time";
  if (recency > T + ROUNDING * Math.max(1, T)) return "order";
  return x === 0 && recency > 0 ? "alone" : undefined;
}

/** Equal histories, once each: a likelihood need not be computed twice. */
export interface GroupedHistories {
  /** Distinct frequencies, ascending. */
  frequencies: Float64Array;
  /** Place in `frequencies`, recency, T and number of customers of each group. */
  place: Uint32Array;
  recency: Float64Array;
  T: Float64Array;
  weight: Float64Array;
  customers: number;
}

/**
 * Groups equal histories by a hash table with open addressing over the bits of the three numbers: text keys would take
 * longer than the fit.
 */
export function groupHistories({ frequency, recency, T }: PurchaseHistories): GroupedHistories {
  const customers = frequency.length;
  const size = 2 ** Math.ceil(Math.log2(2 * customers + 2));
  const table = new Int32Array(size).fill(-1);
  const first = new Uint32Array(customers);
  const weight = new Float64Array(customers);
  const key = new Float64Array(3);
  const bits = new Int32Array(key.buffer);
  let groups = 0;
  for (let i = 0; i < customers; i++) {
    const x = frequency[i]!, tx = recency[i]!, t = T[i]!;
    key[0] = x;
    key[1] = tx;
    key[2] = t;
    let hash = Math.imul(bits[0]! ^ bits[1]!, 0x9e3779b1) ^ bits[2]!;
    hash = Math.imul(hash ^ hash >>> 15 ^ bits[3]!, 0x85ebca6b) ^ bits[4]!;
    hash = Math.imul(hash ^ hash >>> 13 ^ bits[5]!, 0xc2b2ae35);
    hash ^= hash >>> 16;
    let at = hash & (size - 1);
    for (;;) {
      const group = table[at]!;
      if (group < 0) {
        table[at] = groups;
        first[groups] = i;
        weight[groups++] = 1;
        break;
      }
      const other = first[group]!;
      if (frequency[other] === x && recency[other] === tx && T[other] === t) {
        weight[group]!++;
        break;
      }
      at = (at + 1) & (size - 1);
    }
  }
  const members = first.subarray(0, groups);
  const frequencies = Float64Array.from(new Set(Float64Array.from(members, (i) => frequency[i]!)))
    .sort();
  const places = new Map([...frequencies].map((x, place) => [x, place]));
  return {
    frequencies,
    place: Uint32Array.from(members, (i) => places.get(frequency[i]!)!),
    recency: Float64Array.from(members, (i) => recency[i]!),
    T: Float64Array.from(members, (i) => T[i]!),
    weight: weight.slice(0, groups),
    customers,
  };
}

/** Every n-th group, to begin a fit with: it ends near where that of all ends. */
export function thinned(groups: GroupedHistories, most: number): GroupedHistories {
  const every = Math.ceil(groups.place.length / most);
  const take = <T extends Float64Array | Uint32Array>(values: T) =>
    values.filter((_, i) => i % every === 0) as T;
  const weight = take(groups.weight);
  return {
    frequencies: groups.frequencies,
    place: take(groups.place),
    recency: take(groups.recency),
    T: take(groups.T),
    weight,
    customers: weight.reduce((sum, one) => sum + one, 0),
  };
}
