import { Command } from "commander";
import { textTable } from "shopflow/cli/mod.ts";
import { type Business, formatMoney } from "shopflow/kpis/mod.ts";
import { openOfferLedger } from "shopflow/offers/ledger/mod.ts";
import {
  conclusionText,
  differenceText,
  openOfferSession,
  type OutcomeEffect,
  outcomeText,
  readTrialResults,
  type TrialResults,
} from "shopflow/offers/mod.ts";
import { readBusiness } from "shopflow/notebook/business_file.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import type { PipelineContext } from "../../context.ts";

/** `offers results TRIAL`: joins a trial with the orders since and reads its effect. */
export function createResultsCommand(context: () => PipelineContext, print: (text: string) => void): Command {
  return new Command("results")
    .description(
      "read the effect of a trial from the orders since: by inverse propensity weights, and with CUPED; an outcome\n" +
        "window that is not over yet is not known yet",
    )
    .argument("<trial>", "the trial, as `list` names it")
    .option("--rows", "print what every customer did as JSON, for other programs")
    .option("--json", "print JSON")
    .action(async (trial: string, flags: { json?: boolean; rows?: boolean }) => {
      const { store, runtime, config } = context();
      const business = await readBusiness(config.businessFile);
      using opened = await openOfferSession(store);
      const bar = runtime.progress.start("read the outcomes", 0);
      const events = await openOfferLedger(store).read();
      const { rows, ...results } = await readTrialResults(opened.session, events, trial);
      bar.finish(`${formatCount(rows.length)} customers whose outcomes are known`);
      const lists = results.draws.map(({ draw: { customers: _, ...draw }, ...rest }) => ({
        ...draw,
        ...rest,
      }));
      if (flags.rows) print(JSON.stringify(rows, null, 2));
      else if (flags.json) print(JSON.stringify({ ...results, draws: lists }, null, 2));
      else print(resultsText({ rows, ...results }, business));
    });
}

/** The results of a trial for a terminal. */
function resultsText(results: TrialResults, { currency }: Business): string {
  const { trial, customers, effects, notes, addedProfit } = results;
  const money = (value: number) => formatMoney(value, currency);
  // Rows are of known outcomes: until one is known, "0 customers got the offer" would be untrue.
  const known = results.rows.length === 0
    ? "no outcome is known yet"
    : `${formatCount(customers.offered)} customers got the offer, ${
      formatCount(customers.heldOut)
    } were held out`;
  const lines = [`${trial}: ${known}`, ...notes];
  if (effects.length === 0) return lines.join("\n");
  lines.push(
    "",
    textTable(
      [
        { title: "outcome" },
        { title: "offered", align: "right" },
        { title: "held out", align: "right" },
        { title: "effect", align: "right" },
        { title: "95 % interval", align: "right" },
        { title: "p", align: "right" },
        { title: "by" },
      ],
      effects.flatMap((effect) => effectRows(effect)),
    ),
    "",
    ...effects.map(conclusionText),
  );
  if (addedProfit !== undefined) {
    lines.push(
      `Profit that the offers added: ${money(addedProfit.estimate)} (95 % interval ${
        money(addedProfit.low)
      } to ${money(addedProfit.high)}), after discounts and contacts.`,
    );
  }
  lines.push("", policiesText(results, money));
  return lines.join("\n");
}

function effectRows(effect: OutcomeEffect): string[][] {
  const { outcome, weighted, adjusted } = effect;
  return [weighted, ...(adjusted ? [adjusted] : [])].map((one, i) => [
    i === 0 ? outcome.label : "",
    outcomeText(outcome, one.mean),
    outcomeText(outcome, one.controlMean),
    differenceText(outcome, one.effect),
    `${differenceText(outcome, one.interval.low)} to ${differenceText(outcome, one.interval.high)}`,
    one.pValue < 0.001 ? "<0.001" : one.pValue.toFixed(3),
    i === 0
      ? "weights"
      : `weights, CUPED (${(100 * (one.varianceReduction ?? 0)).toFixed(1)} % less variance)`,
  ]);
}

const SHOWN_SHARES = [0.1, 0.2, 0.3, 0.5, 0.75, 1];

/** Profit of contacting the best share by each ranking. */
function policiesText({ policies, customers }: TrialResults, money: (value: number) => string): string {
  const all = customers.offered + customers.heldOut;
  return [
    `Profit of making the offer to the first of these ${formatCount(all)} customers, with standard errors:`,
    textTable(
      [
        { title: "share", align: "right" },
        ...policies.map(({ ranking }) => ({
          title: `by ${ranking}`,
          align: "right" as const,
        })),
      ],
      SHOWN_SHARES.map((share) => [
        `${Math.round(100 * share)} %`,
        ...policies.map(({ points }) => {
          const point = points.find((point) => Math.abs(point.share - share) < 1e-9)!;
          return `${money(point.gain.estimate * all)} ± ${money(point.gain.standardError * all)}`;
        }),
      ]),
    ),
  ].join("\n");
}
