import { InputError } from "shopflow/errors/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";

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
  const rules: [what: string, expected: string, isWrong: (x: number, tx: number, t: number) => boolean][] = [
    [
      "a frequency",
      "a whole number of repeat purchases, at least 0",
      (x) => !(Number.isSafeInteger(x) && x >= 0),
    ],
    ["a T", "a finite time of at least 0", (_x, _tx, t) => !(t >= 0 && t < Infinity)],
    ["a recency", "a finite time of at least 0", (_x, tx) => !(tx >= 0 && tx < Infinity)],
    ["a recency", "at most T", (_x, tx, t) => tx > t + ROUNDING * Math.max(1, t)],
    ["a recency", "0 of a customer without a repeat purchase", (x, tx) => x === 0 && tx > 0],
  ];
  for (const [what, expected, isWrong] of rules) {
    const wrong: number[] = [];
    for (let i = 0; i < customers; i++) {
      if (isWrong(valueAt(frequency, i), valueAt(recency, i), valueAt(T, i))) wrong.push(i);
    }
    if (wrong.length === 0) continue;
    const found = wrong.slice(0, NAMED)
      .map((i) => `frequency ${frequency[i]}, recency ${recency[i]}, T ${T[i]} at place ${i}`);
    throw new InputError(`Invalid purchase histories: ${what} of ${wrong.length} of ${customers} customers`, {
      expected,
      found: found.join("; ") + (wrong.length > NAMED ? "; …" : ""),
      remedy: "Recency is counted from the first purchase to the last, T to the end of the observation.",
    });
  }
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
  const slots = new Int32Array(size).fill(-1);
  const first = new Uint32Array(customers);
  const weight = new Float64Array(customers);
  const key = new Float64Array(3);
  const bits = new Int32Array(key.buffer);
  let groups = 0;
  for (let i = 0; i < customers; i++) {
    const [x, tx, t] = [valueAt(frequency, i), valueAt(recency, i), valueAt(T, i)];
    key[0] = x;
    key[1] = tx;
    key[2] = t;
    let hash = 0;
    for (let k = 0; k < 6; k++) {
      hash = Math.imul(hash ^ bits[k]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    let slot = hash & (size - 1);
    for (;;) {
      const group = slots[slot]!;
      if (group < 0) {
        slots[slot] = groups;
        first[groups] = i;
        weight[groups++] = 1;
        break;
      }
      const other = first[group]!;
      if (frequency[other] === x && recency[other] === tx && T[other] === t) {
        weight[group]!++;
        break;
      }
      slot = (slot + 1) & (size - 1);
    }
  }
  const members = first.subarray(0, groups);
  const frequencies = Float64Array.from(new Set(Float64Array.from(members, (i) => valueAt(frequency, i))))
    .sort();
  const places = new Map([...frequencies].map((x, place) => [x, place]));
  return {
    frequencies,
    place: Uint32Array.from(members, (i) => places.get(valueAt(frequency, i))!),
    recency: Float64Array.from(members, (i) => valueAt(recency, i)),
    T: Float64Array.from(members, (i) => valueAt(T, i)),
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
