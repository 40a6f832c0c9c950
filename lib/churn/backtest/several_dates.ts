import { bootstrapIntervals, type Interval, rankedMetrics, rankRows } from "shopflow/ml/evaluation/mod.ts";
import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { addDays, type AsOfDate } from "shopflow/ml/mod.ts";
import type { FeatureSession } from "shopflow/ml/features/mod.ts";
import { CHURN_HORIZON_DAYS, type ChurnExamples, stackExamples } from "../examples.ts";
import { temporalSplit } from "../split.ts";
import { backtestChurn, type ChurnBacktest, type ChurnBacktestOptions } from "./backtest.ts";
import { churnPeers } from "./peers.ts";

type Metrics = Record<keyof ReturnType<typeof rankedMetrics>, Interval>;

/** A way to foresee churn, measured on active customers it had not seen. */
export interface MeasuredModel {
  name: string;
  /** Over all dates. */
  overall: Metrics;
  byDate: { asOf: AsOfDate; metrics: Metrics }[];
}

/** Models that were measured on several test dates, each fitted on what was known before it. */
export interface SeveralDatesBacktest {
  /** The latest date first. */
  backtests: ChurnBacktest[];
  /** The model first, then what it is compared with. */
  models: MeasuredModel[];
  /** Active customers of all dates, with what the model said of them. */
  test: ChurnExamples;
  probabilities: Float64Array;
  /** Why there are fewer dates than were wanted. */
  notes: string[];
}

/** What is wanted of {@linkcode backtestDates}. */
interface SeveralDatesOptions extends ChurnBacktestOptions {
  /** The latest test date; default the last whose outcomes are known. */
  test?: AsOfDate;
  /** Most test dates; default 3, one horizon apart, so that no outcome counts twice. */
  dates?: number;
  /** Customers with a higher risk are contacted: precision and lift of those. */
  riskAbove: number;
}

/** The model's name among those it is compared with. */
export const MODEL = "model";

/**
 * Fits the churn model on several test dates, each time from the beginning with what was known before that date, the
 * choice of its hyper-parameters included, and measures it beside {@linkcode churnPeers} on the customers who were active
 * then. Intervals are of the bootstrap by customer, at 95 %.
 *
 * @param session A session with the curated tables.
 * @param period First and last day with a sale.
 * @throws {TooLittleDataError} when not even the latest date can be measured.
 */
export async function backtestDates(
  session: FeatureSession,
  period: { first: string; last: string },
  { test, dates = 3, riskAbove, ...options }: SeveralDatesOptions,
): Promise<SeveralDatesBacktest> {
  const { horizonDays = CHURN_HORIZON_DAYS } = options;
  const backtests: ChurnBacktest[] = [];
  const notes: string[] = [];
  const said = new Map<string, Float64Array[]>();
  let date = test ?? addDays(period.last, 1 - horizonDays);
  for (; backtests.length < dates; date = addDays(date, -horizonDays)) {
    try {
      const backtest = await backtestChurn(
        session,
        temporalSplit(period, { test: date, horizonDays }),
        options,
      );
      backtests.push(backtest);
      const peers = await churnPeers(session, backtest);
      for (
        const { name, probabilities } of [{ name: MODEL, probabilities: backtest.probabilities }, ...peers]
      ) {
        said.set(name, [...said.get(name) ?? [], probabilities]);
      }
    } catch (error) {
      if (!(error instanceof TooLittleDataError) || backtests.length === 0) throw error;
      notes.push(`No earlier date than ${backtests.at(-1)?.split.test} can be measured. ${error.message}`);
      break;
    }
  }
  // Somebody who can say nothing of one date is not compared.
  const models = [...said].filter(([, parts]) => parts.length === backtests.length)
    .map(([name, parts]) => measured(name, backtests, parts, riskAbove));
  return {
    backtests,
    models,
    test: stackExamples(backtests.map((backtest) => backtest.test)),
    probabilities: joined(backtests.map(({ probabilities }) => probabilities)),
    notes,
  };
}

function measured(
  name: string,
  backtests: ChurnBacktest[],
  parts: Float64Array[],
  riskAbove: number,
): MeasuredModel {
  const all = stackExamples(backtests.map(({ test }) => test));
  return {
    name,
    overall: metricsOf(all, joined(parts), riskAbove),
    byDate: backtests.map(({ split, test }, i) => ({
      asOf: split.test,
      metrics: metricsOf(test, parts[i] ?? new Float64Array(), riskAbove),
    })),
  };
}

function metricsOf(
  { labels, customerIds }: ChurnExamples,
  probabilities: Float64Array,
  riskAbove: number,
): Metrics {
  const ranked = rankRows(labels, probabilities);
  return bootstrapIntervals(customerIds, (weights) => ({ ...rankedMetrics(ranked, riskAbove, weights) }));
}

function joined(parts: Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let place = 0;
  for (const part of parts) {
    all.set(part, place);
    place += part.length;
  }
  return all;
}
