import { NORMAL_95 } from "shopflow/ml/statistics/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import {
  checkIndependence,
  choosePurchaseModel,
  fitMoneyModel,
  fitPurchaseModel,
  type Independence,
  type MoneyModel,
  predictPurchases,
  predictSpending,
  type PurchaseHistories,
  type PurchaseModel,
  type PurchaseModelKind,
  type SpendingHistories,
} from "./estimation/mod.ts";
import {
  collectPurchases,
  type CustomerHistories,
  DAYS_IN,
  type HistoryOptions,
  type PurchaseGrain,
  purchaseHistories,
  type TimeUnit,
  type Transaction,
} from "./transactions.ts";

/** A purchase model and, where amounts are known, a model of spending; times of `purchases` are in `unit`. */
export interface LifetimeValueModel {
  unit: TimeUnit;
  purchases: PurchaseModel;
  /** Undefined where there are no amounts. */
  money: MoneyModel | undefined;
}

/** Which purchase model to fit; `best` is the one with the higher likelihood. */
export type ModelChoice = PurchaseModelKind | "best";

/** A fitted model, and what has to be known of it. */
export interface FittedLifetimeValue extends LifetimeValueModel {
  /** Whether frequency and amount are independent, which the value assumes; undefined without amounts. */
  independence: Independence | undefined;
  /** In words: which model was chosen and why, what the data do not tell, what the grain merged. */
  notes: string[];
}

/**
 * Fits BG/NBD or MBG/NBD and Gamma-Gamma to histories.
 *
 * @throws {InputError} when a history is impossible or an amount is not above 0.
 * @throws {TooLittleDataError} when nobody bought again, or amounts do not differ.
 */
export function fitLifetimeValueModel(
  histories: PurchaseHistories & { spending: SpendingHistories | undefined; unit: TimeUnit },
  { model = "best" }: { model?: ModelChoice } = {},
): FittedLifetimeValue {
  const { spending, unit } = histories;
  const { purchases, note } = fitChosen(histories, model);
  const money = spending && fitMoneyModel(spending);
  const independence = spending && checkIndependence(spending);
  const notes = [
    note,
    ...purchases.notIdentified.map((why) => `Not identified in ${purchases.kind.toUpperCase()}: ${why}.`),
    ...(money?.notIdentified ?? []).map((why) => `Not identified in Gamma-Gamma: ${why}.`),
    ...(hasParameterAtAnEnd(purchases) || money !== undefined && hasParameterAtAnEnd(money)
      ? [
        "Intervals take a parameter that runs to an end of its range as known there, so they are too narrow.",
      ]
      : []),
    ...(independence === undefined ? [] : [independence.text]),
  ];
  return { unit, purchases, money, independence, notes };
}

/** Whether a parameter has no variance: a fit leaves it at the end of its range. */
const hasParameterAtAnEnd = ({ covariance }: Pick<PurchaseModel, "covariance">) =>
  covariance.some((row, i) => row[i] === 0);

function fitChosen(
  histories: PurchaseHistories,
  choice: ModelChoice,
): { purchases: PurchaseModel; note: string } {
  if (choice === "bg/nbd" || choice === "mbg/nbd") {
    return {
      purchases: fitPurchaseModel(histories, { kind: choice }),
      note: `${choice.toUpperCase()} was asked for.`,
    };
  }
  if (choice !== "best") {
    throw new InputError("Invalid purchase model", {
      expected: "best, bg/nbd or mbg/nbd",
      found: String(choice),
    });
  }
  const { model, other } = choosePurchaseModel(histories);
  const likelihoods = [model, other].map(({ kind, logLikelihood }) =>
    `${kind.toUpperCase()} ${logLikelihood.toFixed(1)}`
  ).join(", ");
  const isEqual = model.logLikelihood - other.logLikelihood < 0.05;
  const note = isEqual
    ? `BG/NBD and MBG/NBD have the same log-likelihood (${likelihoods}); ${model.kind.toUpperCase()} is used.`
    : `${model.kind.toUpperCase()} was chosen by its higher log-likelihood (${likelihoods}); both have four parameters.`;
  return { purchases: model, note };
}

/** What a customer's purchases are worth, and how far to look. */
export interface ValueOptions {
  /** In the unit of the model. */
  horizon: number;
  /** Share of an amount that the shop keeps, 0 to 1; by default the value is of sales. */
  margin?: number;
  /** What money loses a year, e.g. 0.1; by default nothing. */
  yearlyDiscountRate?: number;
}

/**
 * Of each customer, in the order of the histories. Intervals are of 95 % and of the expectation: they say how well the
 * data tell the parameters, not how much a single customer's purchases will differ from what is expected.
 */
export interface CustomerValues {
  alive: Float64Array;
  aliveLow: Float64Array;
  aliveHigh: Float64Array;
  purchases: Float64Array;
  purchasesLow: Float64Array;
  purchasesHigh: Float64Array;
  /** Expected amount of a purchase; undefined without amounts, as the values. */
  amount: Float64Array | undefined;
  /** Expected purchases × expected amount × margin, discounted. */
  value: Float64Array | undefined;
  valueLow: Float64Array | undefined;
  valueHigh: Float64Array | undefined;
}

/**
 * P(alive), expected purchases and value of every customer over a horizon. Intervals are log-normal by the delta method;
 * purchases and amounts are estimated from separate likelihoods, so the variances of their logarithms add up.
 *
 * @throws {InputError} when a history is impossible or in another unit than the model, or an option is out of range.
 */
export function valueCustomers(
  { unit, purchases: model, money }: LifetimeValueModel,
  histories: PurchaseHistories & { spending: SpendingHistories | undefined; unit?: TimeUnit },
  { horizon, margin = 1, yearlyDiscountRate = 0 }: ValueOptions,
): CustomerValues {
  if (histories.unit !== undefined && histories.unit !== unit) {
    throw new InputError("The histories are in another unit than the model", {
      expected: `times in the unit ${unit}, in which the model was fitted`,
      found: histories.unit,
    });
  }
  if (!(margin >= 0 && margin <= 1)) {
    throw new InputError("Invalid margin", { expected: "a share from 0 to 1", found: String(margin) });
  }
  if (!(yearlyDiscountRate >= 0 && yearlyDiscountRate < Infinity)) {
    throw new InputError("Invalid yearly discount rate", {
      expected: "a share of at least 0, e.g. 0.1 for 10 % a year",
      found: String(yearlyDiscountRate),
    });
  }
  const plain = predictPurchases(model, histories, { horizon });
  const [purchasesLow, purchasesHigh] = interval(plain.purchases, plain.logError);
  const { alive, aliveLow, aliveHigh, purchases } = plain;
  const counted = { alive, aliveLow, aliveHigh, purchases, purchasesLow, purchasesHigh };
  if (money === undefined || histories.spending === undefined) {
    return { ...counted, amount: undefined, value: undefined, valueLow: undefined, valueHigh: undefined };
  }
  const discountRate = (1 + yearlyDiscountRate) ** (DAYS_IN[unit] / DAYS_IN.year) - 1;
  const worth = discountRate === 0 ? plain : predictPurchases(model, histories, { horizon, discountRate });
  if (histories.spending.count.length !== histories.frequency.length) {
    throw new InputError("Purchases and amounts are not of the same customers", {
      expected: "spending of each customer of the histories",
      found: `${histories.frequency.length} histories, spending of ${histories.spending.count.length}`,
    });
  }
  const { amount, logError } = predictSpending(money, histories.spending);
  const value = worth.purchases.map((expected, i) => expected * amount[i]! * margin);
  const [valueLow, valueHigh] = interval(
    value,
    worth.logError.map((error, i) => Math.hypot(error, logError[i]!)),
  );
  return { ...counted, amount, value, valueLow, valueHigh };
}

/** The 95 % interval of estimates whose logarithms have these standard errors. */
function interval(estimates: Float64Array, logErrors: Float64Array): [low: Float64Array, high: Float64Array] {
  const [low, high] = [new Float64Array(estimates.length), new Float64Array(estimates.length)];
  for (let i = 0; i < estimates.length; i++) {
    // An error beyond any meaning must not make the interval infinite.
    const factor = Math.exp(Math.min(50, NORMAL_95 * logErrors[i]!));
    low[i] = estimates[i]! / factor;
    high[i] = estimates[i]! * factor;
  }
  return [low, high];
}

/** How transactions become histories, and which model is fitted to them. */
export interface LifetimeValueOptions extends HistoryOptions {
  grain?: PurchaseGrain;
  model?: ModelChoice;
}

/** A model fitted to transactions, with the histories it was fitted on. */
export interface LifetimeValueFit extends FittedLifetimeValue {
  histories: CustomerHistories;
  /** A row a customer, the most valuable first (by expected purchases where there are no amounts). */
  table(options: ValueOptions): CustomerValueRow[];
}

/** What the models say of a customer; amounts are null where rows had none. */
export interface CustomerValueRow {
  customer: string;
  frequency: number;
  recency: number;
  T: number;
  alive: number;
  purchases: number;
  purchasesLow: number;
  purchasesHigh: number;
  amount: number | null;
  value: number | null;
  valueLow: number | null;
  valueHigh: number | null;
}

/**
 * Fits everything to a table of transactions in one call:
 *
 * ```ts
 * const fit = fitLifetimeValue([{ customer: "1", date: "2024-03-01", amount: 20 }, …], { unit: "week" });
 * fit.notes;                       // what to know before the numbers are used
 * fit.table({ horizon: 52 });      // P(alive), purchases and value of the next 52 weeks
 * ```
 *
 * @throws {InputError} when a row is wrong; see {@linkcode collectPurchases}.
 * @throws {TooLittleDataError} when nobody bought again, or amounts do not differ.
 */
export function fitLifetimeValue(
  rows: Iterable<Transaction>,
  { grain = "day", model = "best", ...cut }: LifetimeValueOptions = {},
): LifetimeValueFit {
  const purchases = collectPurchases(rows, { grain });
  const histories = purchaseHistories(purchases, cut);
  const fitted = fitLifetimeValueModel(histories, { model });
  return {
    ...fitted,
    notes: [...purchases.warnings, ...fitted.notes],
    histories,
    table: (options) => valueTable(histories, valueCustomers(fitted, histories, options)),
  };
}

function valueTable(histories: CustomerHistories, values: CustomerValues): CustomerValueRow[] {
  const { customers, frequency, recency, T } = histories;
  const order = values.value ?? values.purchases;
  return [...customers.keys()].sort((a, b) => order[b]! - order[a]!).map((i) => ({
    customer: customers[i]!,
    frequency: frequency[i]!,
    recency: recency[i]!,
    T: T[i]!,
    alive: values.alive[i]!,
    purchases: values.purchases[i]!,
    purchasesLow: values.purchasesLow[i]!,
    purchasesHigh: values.purchasesHigh[i]!,
    amount: values.amount?.[i] ?? null,
    value: values.value?.[i] ?? null,
    valueLow: values.valueLow?.[i] ?? null,
    valueHigh: values.valueHigh?.[i] ?? null,
  }));
}
