/**
 * The churn model on simulated shops, beside what the hidden truth lets foresee: `deno task bench churn_oracle`. Nothing is
 * tuned on the test dates; the shops are of other seeds than those the simulator and the model were made with.
 */
import { loadConfig } from "shopflow/config/mod.ts";
import { backtestDates } from "shopflow/churn/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { bootstrapIntervals, rankedMetrics, rankRows } from "shopflow/ml/evaluation/mod.ts";
import { salesPeriod } from "shopflow/ml/mod.ts";
import { createLogger, createRuntime, formatCount, silentProgress } from "shopflow/runtime/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { churnOracle } from "../../../lib/simulation/oracle.ts";
import { simulateIntoSources } from "../../../pipelines/commands/simulate.ts";
import { createContext } from "../../../pipelines/context.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { transform } from "../../../pipelines/steps/transform.ts";

const SEEDS = [101, 202];
const CUSTOMERS = 10_000;
const DATES = 3;
const HORIZON_DAYS = 90;

/** What each way says of the customers of all dates and shops; customers of different shops are different. */
async function foreseen(
  seed: number,
): Promise<{ ids: string[]; labels: number[]; said: Record<string, number[]> }> {
  const home = await Deno.makeTempDir({ prefix: "shopflow_churn_oracle_" });
  try {
    const runtime = createRuntime({ log: createLogger(() => {}), progress: silentProgress });
    const context = createContext(loadConfig({ SHOPFLOW_HOME: home }), runtime);
    const parameters = { customers: CUSTOMERS, products: CUSTOMERS / 20, seed, until: "2026-06-30" };
    await simulateIntoSources(context, parameters);
    for (const pipeline of [extract, transform]) await pipeline(context);
    using session = await openSnapshot(context.store);
    const { backtests, models } = await backtestDates(session, await salesPeriod(session), {
      riskAbove: 0.7,
      dates: DATES,
      horizonDays: HORIZON_DAYS,
    });
    const asOf = backtests.map(({ split }) => split.test).toReversed();
    const truth = new Map(
      churnOracle(parameters, { asOf, horizonDays: HORIZON_DAYS }).map((day) => [day.asOf, day]),
    );
    const of = (which: "probability" | "withoutFate") =>
      backtests.flatMap(({ split, test }) =>
        test.customerIds.map((id) => truth.get(split.test)?.[which].get(id) ?? NaN)
      );
    console.error(
      `  seed ${seed}: ${
        models.map(({ name, overall }) => `${name} ${overall.auc.value.toFixed(3)}`).join(", ")
      }`,
    );
    return {
      ids: backtests.flatMap(({ test }) => test.customerIds.map((id) => `${seed}/${id}`)),
      labels: backtests.flatMap(({ test }) => [...test.labels]),
      said: {
        "model": backtests.flatMap(({ probabilities }) => [...probabilities]),
        "recency alone": backtests.flatMap(({ baselineProbabilities }) => [...baselineProbabilities]),
        "rates known, sees orders": of("withoutFate"),
        "oracle: rates, moods, who left": of("probability"),
      },
    };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

if (import.meta.main) {
  await runCommand(async () => {
    const shops: Awaited<ReturnType<typeof foreseen>>[] = [];
    for (const seed of SEEDS) shops.push(await foreseen(seed));
    const labels = Uint8Array.from(shops.flatMap((shop) => shop.labels));
    const ids = shops.flatMap((shop) => shop.ids);
    const ranked = Object.fromEntries(
      Object.keys(shops[0]!.said).map((name) =>
        [name, rankRows(labels, Float64Array.from(shops.flatMap((shop) => shop.said[name]!)))] as const
      ),
    );
    const [oracle, observer] = ["oracle: rates, moods, who left", "rates known, sees orders"];
    const rows = Object.entries(ranked).map(([name, rows]) => {
      const economics = bootstrapIntervals(ids, (weights) => {
        const { auc, liftTopTenth, logLoss, calibrationError } = rankedMetrics(rows, 0.7, weights);
        const beside = (other: string) =>
          (liftTopTenth - 1) / (rankedMetrics(ranked[other]!, 0.7, weights).liftTopTenth - 1);
        return {
          auc,
          logLoss,
          calibrationError,
          liftTopTenth,
          ofOracle: beside(oracle!),
          ofObserver: beside(observer!),
        };
      });
      const text = (name: keyof typeof economics, digits: number) => {
        const { value, lower, upper } = economics[name];
        return `${value.toFixed(digits)} (${lower.toFixed(digits)} to ${upper.toFixed(digits)})`;
      };
      return `| ${name} | ${text("auc", 3)} | ${text("logLoss", 3)} | ${text("calibrationError", 3)} | ${
        text("liftTopTenth", 2)
      } | ${text("ofOracle", 2)} | ${text("ofObserver", 2)} |`;
    });
    console.log(`## Churn beside the hidden truth

${formatCount(labels.length)} active customers of ${SEEDS.length} simulated shops of ${
      formatCount(CUSTOMERS)
    } customers, ${DATES} test dates each, ${HORIZON_DAYS} days ahead; 95 % intervals by customer. Share of lift: (lift − 1) of the
riskiest tenth over the same of the oracle, and over that of an observer who knows each customer's rates and sees the orders.

| method | AUC | log loss | calibration error | lift | share of the oracle's | share of the observer's |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join("\n")}`);
  });
}
