import type { Child } from "hono/jsx";
import { type Business, formatMoney, formatNumber, moneyLabel } from "shopflow/kpis/mod.ts";
import {
  type Roi,
  ROI_FIELDS,
  type RoiDefault,
  type RoiField,
  type RoiInputs,
  worthOfTarget,
} from "shopflow/offers/roi/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import { Layout, renderPage } from "../layout.tsx";
import { type OfferChart, roiChart } from "./charts.ts";
import { Figure } from "./figure.tsx";
import STYLES from "../assets/report_pages.css" with { type: "text" };
import OFFER_STYLES from "../assets/offers.css" with { type: "text" };

/** What of the page's address is not an assumption, e.g. what campaigns add to links. */
const IS_FIELD = new Set<string>(ROI_FIELDS.map(({ name }) => name));

/** What a visitor asked for: text by field, as it stands in the address. */
export type RoiQuery = Record<string, string>;

/** The page, and whether its address could be understood. */
export interface RoiPage {
  html: string;
  isValid: boolean;
}

/** The return of a lower lapsed share, with assumptions that can be changed: each set of them has an address of its own. */
export async function renderRoi(
  query: RoiQuery,
  defaults: Record<keyof RoiInputs, RoiDefault> | undefined,
  { currency }: Business,
): Promise<RoiPage> {
  const { inputs, texts, problems } = readInputs(query, defaults);
  let roi: Roi | undefined;
  let chart: OfferChart | undefined;
  const missing = ROI_FIELDS.filter(({ name }) => inputs[name] === undefined);
  if (problems.size === 0 && missing.length === 0) {
    try {
      roi = worthOfTarget(inputs as RoiInputs);
      chart = await roiChart(inputs as RoiInputs, moneyLabel("net return a year", currency));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.set("targetShare", error.message);
    }
  }
  const money = (value: number) => formatMoney(value, currency);
  const html = renderPage(
    <Layout title="Return of keeping customers · ShopFlow" here="offers" styles={STYLES + OFFER_STYLES}>
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="/offers">Offers</a>
      </nav>
      <h1 class="title">What is it worth to keep more customers?</h1>
      {roi === undefined
        ? <NoAnswer problems={problems} missing={missing} hasData={defaults !== undefined} />
        : <Answer roi={roi} inputs={inputs as RoiInputs} money={money} />}
      {chart && <Figure chart={chart} />}
      <h2>Assumptions</h2>
      <p class="soft">
        Each can be changed. The address of the page keeps them, so it can be sent to others.{" "}
        <a href="/roi">Back to the shop's own</a>
      </p>
      <form method="get" action="/roi">
        <div class="assumptions">
          {ROI_FIELDS.map((field) => (
            <Assumption
              key={field.name}
              field={field}
              text={texts[field.name] ?? ""}
              problem={problems.get(field.name)}
              source={query[field.name] === undefined
                ? defaults?.[field.name].source ?? "not known"
                : "this page's address"}
              currency={currency}
            />
          ))}
        </div>
        <div class="actions">
          <button type="submit">Work it out again</button>
        </div>
      </form>
    </Layout>,
  );
  return { html, isValid: problems.size === 0 };
}

/** Inputs of the address, and the shop's where it names none. */
function readInputs(query: RoiQuery, defaults: Record<keyof RoiInputs, RoiDefault> | undefined) {
  const inputs: Partial<RoiInputs> = {};
  const texts: Partial<Record<keyof RoiInputs, string>> = {};
  const problems = new Map<string, string>();
  for (const field of ROI_FIELDS) {
    const given = query[field.name]?.trim();
    const factor = field.unit === "share" ? 100 : 1;
    const known = defaults?.[field.name].value;
    if (given === undefined || given === "") {
      if (known === undefined) continue;
      inputs[field.name] = known;
      texts[field.name] = String(Number((known * factor).toFixed(field.unit === "count" ? 0 : 2)));
      continue;
    }
    texts[field.name] = given;
    const value = Number(given.replace(/\s*%$/, "").replaceAll(/[, ](?=\d{3}\b)/g, "")) / factor;
    const { least, most } = field;
    if (value >= least && value <= most) inputs[field.name] = value;
    else {
      const unit = field.unit === "share" ? " (percent)" : "";
      problems.set(
        field.name,
        `expected a number from ${formatNumber(least * factor)} to ${
          formatNumber(most * factor)
        }${unit}, found ${given}`,
      );
    }
  }
  for (const name of Object.keys(query)) {
    if (!IS_FIELD.has(name)) problems.set(name, `no such assumption; they are ${[...IS_FIELD].join(", ")}`);
  }
  return { inputs, texts, problems };
}

interface NoAnswerProps {
  problems: Map<string, string>;
  missing: readonly RoiField[];
  hasData: boolean;
}

function NoAnswer({ problems, missing, hasData }: NoAnswerProps) {
  if (problems.size > 0) {
    return (
      <div class="note-banner" role="alert">
        <p class="wrong">This cannot be worked out.</p>
        <ul>
          {[...problems].map(([name, problem]) => (
            <li key={name}>
              {ROI_FIELDS.find((field) => field.name === name)?.label ?? name}: {problem}
            </li>
          ))}
        </ul>
      </div>
    );
  }
  return (
    <p class="note-banner">
      {hasData
        ? "The shop's history is too short to know everything that is needed."
        : "Nothing was published yet, so the shop's own numbers are not known."} Fill in:{" "}
      {missing.map(({ label }) => label.toLowerCase()).join(", ")}.
    </p>
  );
}

const percent = (share: number) =>
  Number.isFinite(share) ? `${formatNumber(Math.round(1000 * share) / 10)} %` : "never";

interface AnswerProps {
  roi: Roi;
  inputs: RoiInputs;
  money(value: number): string;
}

function Answer({ roi, inputs, money }: AnswerProps) {
  const { kept, contacted, netAYear, breakEvenSaveRate, breakEvenDiscount, lowestShare, isReachable } = roi;
  const costs: [what: string, amount: number][] = [
    ["Margin of the purchases of kept customers", roi.marginGained],
    ["Their discounts", -roi.discountOfKept],
    ["Discounts of those who would have stayed anyway", -roi.discountOfOthers],
    ["Contacts", -roi.contactCost],
  ];
  return (
    <>
      <p class="lead">
        From {percent(inputs.lapsedShare)} to {percent(roi.reachedShare)} lapsing in a month:{" "}
        <strong>{money(netAYear)} a year</strong>{" "}
        {netAYear < 0 ? "lost" : "gained"}, after discounts and contacts.
      </p>
      {!isReachable && (
        <p class="note-banner" role="alert">
          The offer alone does not bring it down to {percent(inputs.targetShare)}: with a save rate of{" "}
          {percent(inputs.saveRate)}, an offer to everybody who is about to leave gets to{" "}
          {percent(lowestShare)} at best. That is what is worked out here.
        </p>
      )}
      {!roi.hasEnoughCustomers && (
        <p class="note-banner" role="alert">
          These assumptions do not fit together: {formatCount(Math.round(contacted))}{" "}
          offers a month are more than the {formatCount(inputs.activeCustomers)}{" "}
          active customers. An offer to every one of them finds {percent(inputs.lapsedShare)}{" "}
          who would have left, so no choice at all does better than {percent(inputs.precision)}.
        </p>
      )}
      <dl class="facts">
        <Fact name="Customers kept a month" value={formatNumber(Math.round(kept))}>
          of {formatCount(Math.round(roi.lapsedToday))} who lapse today
        </Fact>
        <Fact name="Offers a month" value={formatNumber(Math.round(contacted))}>
          {isReachable ? "to keep them" : "to everybody who is about to leave, and those mistaken for them"}
        </Fact>
        <Fact name="Pays from a save rate of" value={percent(breakEvenSaveRate)}>
          {breakEvenSaveRate > 1 ? "so it never pays" : `assumed: ${percent(inputs.saveRate)}`}
        </Fact>
        <Fact
          name="Pays up to a discount of"
          value={breakEvenDiscount < 0 || Number.isNaN(breakEvenDiscount)
            ? "none"
            : percent(Math.min(1, breakEvenDiscount))}
        >
          assumed: {percent(inputs.discount)}
        </Fact>
      </dl>
      <h2>A month's customers</h2>
      <div class="table-card">
        <table>
          <tbody>
            {costs.map(([what, amount]) => (
              <tr key={what}>
                <th scope="row">{what}</th>
                <td class="number">{money(amount)}</td>
              </tr>
            ))}
            <tr>
              <th scope="row">
                Net
                <small>
                  a kept customer buys for {formatNumber(roi.monthsExpected)} of{" "}
                  {formatNumber(inputs.monthsCounted)} months, as each month {percent(roi.reachedShare)}{" "}
                  lapse again
                </small>
              </th>
              <td class="number">
                <strong>{money(roi.net)}</strong>
              </td>
            </tr>
          </tbody>
        </table>
      </div>
    </>
  );
}

function Fact({ name, value, children }: { name: string; value: string; children?: Child }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        <small>{children}</small>
      </dd>
    </div>
  );
}

interface AssumptionProps {
  field: RoiField;
  text: string;
  problem: string | undefined;
  source: string;
  currency: string | undefined;
}

const UNITS = { share: "%", months: "months", count: "" };

function Assumption(
  { field: { name, label, unit, what }, text, problem, source, currency }: AssumptionProps,
) {
  const shownUnit = unit === "money" ? currency ?? "" : UNITS[unit];
  return (
    <div>
      <label for={name}>
        {label}
        {shownUnit && ` (${shownUnit})`}
      </label>
      <input
        id={name}
        name={name}
        value={text}
        inputmode="decimal"
        autocomplete="off"
        aria-describedby={`${name}-what`}
        {...(problem !== undefined && { "aria-invalid": "true" })}
      />
      <small id={`${name}-what`}>
        {what}. From {source}.
        {problem !== undefined && <span class="wrong">{problem}</span>}
      </small>
    </div>
  );
}
