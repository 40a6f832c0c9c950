import { type Business, formatMoney, formatNumber, moneyLabel } from "shopflow/kpis/mod.ts";
import type { DrawState } from "shopflow/offers/ledger/mod.ts";
import {
  conclusionText,
  differenceText,
  drawTotals,
  type OutcomeEffect,
  outcomeText,
  type TrialResults,
} from "shopflow/offers/mod.ts";
import { formatCount, formatTime } from "shopflow/runtime/mod.ts";
import { Layout, renderPage } from "../layout.tsx";
import { effectsChart, policiesChart } from "./charts.ts";
import { Figure } from "./figure.tsx";
import STYLES from "../assets/report_pages.css" with { type: "text" };
import OFFER_STYLES from "../assets/offers.css" with { type: "text" };

interface TrialProps {
  trial: string;
  /** Lists of the trial, cancelled ones among them. */
  states: DrawState[];
  /** Undefined before the first snapshot. */
  results: TrialResults | undefined;
  business: Business;
}

/** One trial: its lists, by whom they were chosen, and what they brought. */
export async function renderTrial({ trial, states, results, business }: TrialProps): Promise<string> {
  const { currency } = business;
  const money = (value: number) => formatMoney(value, currency);
  const { effects = [], notes = [], policies = [], addedProfit, customers } = results ?? {};
  const charts = [
    await effectsChart(effects),
    await policiesChart(
      policies,
      (customers?.offered ?? 0) + (customers?.heldOut ?? 0),
      moneyLabel("profit gained", currency),
    ),
  ].filter((chart) => chart !== undefined);
  return renderPage(
    <Layout title={`Trial ${trial} · ShopFlow`} here="offers" styles={STYLES + OFFER_STYLES}>
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="/offers">Offers</a>
      </nav>
      <h1 class="title">Trial {trial}</h1>
      {results === undefined && <p class="note-banner">Nothing was published yet, so no outcome is known.</p>}
      {notes.map((note) => <p key={note} class="note-banner">{note}</p>)}
      {effects.length > 0 && (
        <>
          <p class="lead">
            {effects.map(conclusionText).join(" ")}
          </p>
          {addedProfit && (
            <p>
              Profit that the offers added, after discounts and contacts:{" "}
              <strong>{money(addedProfit.estimate)}</strong>, 95 % interval {money(addedProfit.low)} to{" "}
              {money(addedProfit.high)}.
            </p>
          )}
          <Effects effects={effects} />
          <p class="actions">
            <a href={`/offers/${encodeURIComponent(trial)}/outcomes.csv`}>What every customer did, as CSV</a>
          </p>
        </>
      )}
      {charts.map((chart) => <Figure key={chart.title} chart={chart} />)}
      <h2>Lists</h2>
      {states.map((state) => <List key={state.draw.id} state={state} money={money} />)}
    </Layout>,
  );
}

function Effects({ effects }: { effects: OutcomeEffect[] }) {
  return (
    <div class="table-card">
      <table class="blocks">
        <thead>
          <tr>
            <th scope="col">Outcome</th>
            <th scope="col" class="number">Offered</th>
            <th scope="col" class="number">Held out</th>
            <th scope="col" class="number">Effect</th>
            <th scope="col" class="number">95 % interval</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {effects.flatMap(({ outcome, weighted, adjusted }) =>
            [weighted, ...(adjusted ? [adjusted] : [])].map((effect) => (
              <tr key={`${outcome.column} ${effect.method}`}>
                <th scope="row" data-label="Outcome">{outcome.label}</th>
                <td class="number" data-label="Offered">{outcomeText(outcome, effect.mean)}</td>
                <td class="number" data-label="Held out">{outcomeText(outcome, effect.controlMean)}</td>
                <td class="number" data-label="Effect">{differenceText(outcome, effect.effect)}</td>
                <td class="number" data-label="95 % interval">
                  {differenceText(outcome, effect.interval.low)} to{" "}
                  {differenceText(outcome, effect.interval.high)}
                </td>
                <td data-label="By">
                  {effect.method}
                  {effect.varianceReduction !== undefined && (
                    <small>{(100 * effect.varianceReduction).toFixed(1)} % less variance</small>
                  )}
                </td>
              </tr>
            ))
          )}
        </tbody>
      </table>
    </div>
  );
}

function List({ state, money }: { state: DrawState; money(value: number): string }) {
  const { draw, cancelled } = state;
  const { rule, request: { budget, audience }, model, snapshot } = draw;
  const { offered, heldOut, expectedCost, valueAtRisk } = drawTotals(draw);
  const facts: [name: string, value: string, more: string][] = [
    ["Offered", formatCount(offered), `each with probability ${formatNumber(draw.treatmentProbability)}`],
    ["Held out", formatCount(heldOut), `seed ${draw.randomisation.seed}`],
    ["Expected cost", money(expectedCost), budget === null ? "no budget" : `budget ${money(budget)}`],
    [
      "Sales at risk",
      money(valueAtRisk),
      audience === null ? "of everybody with a score" : `audience ${audience}`,
    ],
  ];
  return (
    <section>
      <h3>
        {draw.id} {cancelled && <span class="badge">cancelled</span>}
      </h3>
      <p class="soft">
        Drawn {formatTime(draw.drawnAt)} by the rule {rule.name} ({rule.score}
        {rule.riskAbove !== undefined && ` above ${rule.riskAbove}`}), from scores of {model.name}{" "}
        {model.version} as of {draw.asOf}, snapshot {snapshot}.{rule.because && ` ${rule.because}`}
        {cancelled && ` Cancelled ${formatTime(cancelled.at)}: ${cancelled.reason}`}
      </p>
      <dl class="facts">
        {facts.map(([name, value, more]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {value}
              <small>{more}</small>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
