/**
 * Lifetime value beside Python's lifetimes: the same summaries of CDNOW and Online Retail, and a million simulated
 * customers.
 *
 * `SHOPFLOW_TEST_LIFETIMES` names a `python` that has the package.
 */
import { InputError } from "shopflow/errors/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { join } from "node:path";
import {
  fitMoneyModel,
  fitPurchaseModel,
  predictPurchases,
} from "../../../lib/lifetime_value/estimation/mod.ts";
import {
  collectPurchases,
  type CustomerHistories,
  purchaseHistories,
  type Transaction,
} from "../../../lib/lifetime_value/transactions.ts";
import { CDNOW_CALIBRATION_END, readCdnowSample } from "../../fixtures/cdnow.ts";
import { simulatedHistories } from "../../fixtures/simulated_histories.ts";
import { TEST_DATASETS } from "../../requirements.ts";

const PYTHON = Deno.env.get("SHOPFLOW_TEST_LIFETIMES") ?? "";
const MILLION = 1_000_000;
/** Repetitions of ours, of which the median counts. */
const TIMES = 7;

interface PeerResult {
  import: number;
  fit: number;
  predict: number;
  money: number;
  parameters: Record<string, number>;
  expected: number;
}

/** Median seconds of some runs, and what the last gave. */
function timed<T>(times: number, compute: () => T): { seconds: number; result: T } {
  const all: number[] = [];
  let result!: T;
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    result = compute();
    all.push((performance.now() - started) / 1000);
  }
  return { seconds: all.sort((a, b) => a - b)[times >> 1]!, result };
}

async function peer(
  { frequency, recency, T, spending }: CustomerHistories,
  horizon: number,
): Promise<PeerResult> {
  const file = await Deno.makeTempFile({ suffix: ".csv" });
  try {
    const lines = Array.from(
      frequency,
      (x, i) => [x, recency[i], T[i], spending!.count[i], spending!.meanAmount[i]].join(","),
    );
    await Deno.writeTextFile(file, ["frequency,recency,T,count,mean_amount", ...lines].join("\n"));
    const { success, stdout, stderr } = await new Deno.Command(PYTHON, {
      args: ["-W", "ignore", join(import.meta.dirname!, "lifetimes_peer.py"), file, String(horizon)],
      env: { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
    }).output();
    if (!success) throw new InputError("The Python peer failed", { found: new TextDecoder().decode(stderr) });
    return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
  } finally {
    await Deno.remove(file);
  }
}

/** Sales of the known customers of Online Retail: cancellations and rows without a price are left out. */
async function readOnlineRetail(): Promise<Transaction[]> {
  const file = await Deno.open(join(TEST_DATASETS, "online_retail", "online_retail.csv.gz"));
  const text = await new Response(file.readable.pipeThrough(new DecompressionStream("gzip"))).text();
  return text.split("\n").slice(1).flatMap((line) => {
    // Only the description has quotes and commas: the other fields are counted from both ends.
    const fields = line.trim().split(",");
    const [quantity, date, price, customer] = fields.slice(-5, -1);
    const amount = Number(quantity) * Number(price), order = fields[0] ?? "";
    if (!customer || order.startsWith("C") || !(amount > 0)) return [];
    return [{ customer, date: date!, order, amount }];
  });
}

async function compareOn(name: string, histories: CustomerHistories, horizon: number): Promise<string[]> {
  const fit = timed(TIMES, () => fitPurchaseModel(histories));
  const predict = timed(TIMES, () => predictPurchases(fit.result, histories, { horizon }));
  const money = timed(TIMES, () => fitMoneyModel(histories.spending!));
  const theirs = await peer(histories, horizon);
  const row = (part: string, ours: number, other: number) =>
    `| ${name}: ${part} | ${(1000 * ours).toFixed(1)} ms | ${(1000 * other).toFixed(0)} ms | ${
      (other / ours).toFixed(0)
    } × |`;
  const { r, alpha, a, b } = fit.result.parameters, { p, q, gamma } = money.result.parameters;
  const expected = predict.result.purchases.reduce((sum, value) => sum + value, 0);
  const differences = Object.entries({ r, alpha, a, b, p, q, v: gamma }).map(([key, value]) =>
    `${key === "v" ? "γ" : key} ${value.toPrecision(5)} / ${theirs.parameters[key]!.toPrecision(5)}`
  );
  return [
    row("fit BG/NBD", fit.seconds, theirs.fit),
    row("P(alive) and purchases (ours with intervals)", predict.seconds, theirs.predict),
    row("fit Gamma-Gamma", money.seconds, theirs.money),
    `| ${name}: ours / theirs: ${differences.join(", ")}; expected ${expected.toFixed(1)} / ${
      theirs.expected.toFixed(1)
    } | | | |`,
  ];
}

if (import.meta.main) {
  await runCommand(async () => {
    if (PYTHON === "") {
      throw new InputError("There is no lifetimes for the Python peer", {
        expected: "SHOPFLOW_TEST_LIFETIMES to name a `python` that has lifetimes",
        found: "nothing",
        remedy: "`python3 -m venv DIR && DIR/bin/pip install lifetimes==0.11.3`, then name DIR/bin/python.",
      });
    }
    const cdnow = purchaseHistories(collectPurchases(await readCdnowSample()), {
      observedUntil: CDNOW_CALIBRATION_END,
    });
    const retail = purchaseHistories(collectPurchases(await readOnlineRetail()));
    const rows = [
      ...await compareOn("CDNOW, 2,357 customers", cdnow, 39),
      ...await compareOn("Online Retail", retail, 26),
    ];
    const truth = { r: 0.243, alpha: 30.9, a: 0.793, b: 2.426 };
    for (const grain of [1, 0]) {
      const million = simulatedHistories({ customers: MILLION, ...truth, longest: 730, grain, seed: 1 });
      const fit = timed(3, () => fitPurchaseModel(million));
      const predict = timed(3, () => predictPurchases(fit.result, million, { horizon: 365 }));
      const name = `A million customers, ${grain === 1 ? "whole days" : "exact times"}`;
      rows.push(
        `| ${name}: fit BG/NBD | ${fit.seconds.toFixed(2)} s | | |`,
        `| ${name}: P(alive), purchases, intervals | ${predict.seconds.toFixed(2)} s | | |`,
      );
    }
    console.log(
      `## lifetime value\n\nBeside lifetimes 0.11.3 on the same summaries, one thread; its imports (seconds) are not counted.\n\n` +
        `| | ours | lifetimes | ratio |\n| --- | ---: | ---: | ---: |\n${rows.join("\n")}`,
    );
  });
}
