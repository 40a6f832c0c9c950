import { type Business, formatMoney, formatNumber } from "shopflow/kpis/mod.ts";
import { armCounts, type DrawState } from "shopflow/offers/ledger/mod.ts";
import { assumptionsOf, knownFrom, type Offer, offersOf, offerText } from "shopflow/offers/mod.ts";
import { countOf, formatCount } from "shopflow/runtime/mod.ts";
import { Layout, renderPage } from "../layout.tsx";
import STYLES from "../assets/report_pages.css" with { type: "text" };
import OFFER_STYLES from "../assets/offers.css" with { type: "text" };

/** Where the page of a trial is. */
export const trialPath = (trial: string) => `/offers/${encodeURIComponent(trial)}`;

interface IndexProps {
  states: DrawState[];
  business: Business;
  /** Outcomes are known of the days before this one; undefined before the first snapshot. */
  dataUntil: string | undefined;
}

/** The offers of the business, and every list that was drawn, the newest first. */
export function renderOffersIndex({ states, business, dataUntil }: IndexProps): string {
  const assumed = assumptionsOf(business);
  return renderPage(
    <Layout title="Offers · ShopFlow" here="offers" styles={STYLES + OFFER_STYLES}>
      <h1>Offers</h1>
      <p class="lead">
        Who was offered what, by which rule, and who was held out at random, so that the effect can be read.
        {" "}
        <a href="/roi">What is it worth to keep more customers?</a>
      </p>
      <h2>Lists</h2>
      {states.length === 0 ? <NoList /> : <Lists states={states.toReversed()} dataUntil={dataUntil} />}
      <h2>What can be offered</h2>
      <Catalogue offers={offersOf(business)} currency={business.currency} />
      {assumed.length > 0 && (
        <p class="soft">Assumed, since the business file does not say: {assumed.join(", ")}.</p>
      )}
    </Layout>,
  );
}

const BEGIN = "deno task offers plan\ndeno task offers draw OFFER --dry-run";

function NoList() {
  return (
    <div class="empty">
      <p>No list was drawn yet. Begin with the size of a trial, then look at a list before it is recorded:</p>
      <pre><code>{BEGIN}</code></pre>
    </div>
  );
}

function Lists({ states, dataUntil }: { states: DrawState[]; dataUntil: string | undefined }) {
  return (
    <div class="table-card">
      <table class="blocks">
        <thead>
          <tr>
            <th scope="col">List</th>
            <th scope="col">Trial</th>
            <th scope="col">Offer</th>
            <th scope="col">Rule</th>
            <th scope="col" class="number">Offered</th>
            <th scope="col" class="number">Held out</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {states.map((state) => <ListRow key={state.draw.id} state={state} dataUntil={dataUntil} />)}
        </tbody>
      </table>
    </div>
  );
}

function ListRow({ state, dataUntil }: { state: DrawState; dataUntil: string | undefined }) {
  const { draw, cancelled, exported } = state;
  const { request: { trial, offer }, rule } = draw;
  const { offered, heldOut } = armCounts(draw);
  const known = knownFrom(draw);
  return (
    <tr>
      <th scope="row" data-label="List">
        {draw.id} {cancelled && <span class="badge">cancelled</span>}
        <small>
          {cancelled
            ? cancelled.reason
            : exported
            ? `exported ${exported.at.slice(0, 10)}`
            : `from ${draw.startsOn}`}
        </small>
      </th>
      <td data-label="Trial">{cancelled ? trial : <a href={trialPath(trial)}>{trial}</a>}</td>
      <td data-label="Offer">
        {offer.name}
        <small>{offerText(offer)}</small>
      </td>
      <td data-label="Rule">
        {rule.name}
        {rule.because && <small>{rule.because}</small>}
      </td>
      <td class="number" data-label="Offered">{formatCount(offered)}</td>
      <td class="number" data-label="Held out">{formatCount(heldOut)}</td>
      <td data-label="Outcome">
        {cancelled
          ? "none"
          : dataUntil !== undefined && known <= dataUntil
          ? <a href={trialPath(trial)}>known</a>
          : `not known yet, from ${known}`}
      </td>
    </tr>
  );
}

function Catalogue({ offers, currency }: { offers: Offer[]; currency: string | undefined }) {
  const money = (value: number) => formatMoney(value, currency);
  return (
    <div class="table-card">
      <table class="blocks">
        <thead>
          <tr>
            <th scope="col">Offer</th>
            <th scope="col">Gives</th>
            <th scope="col" class="number">Contact</th>
            <th scope="col" class="number">Margin</th>
            <th scope="col">Valid</th>
            <th scope="col">Outcome</th>
            <th scope="col" class="number">Budget of a list</th>
          </tr>
        </thead>
        <tbody>
          {offers.map((offer) => (
            <tr key={offer.name}>
              <th scope="row" data-label="Offer">{offer.name}</th>
              <td data-label="Gives">{offerText(offer)}</td>
              <td class="number" data-label="Contact">{formatNumber(offer.contactCost)}</td>
              <td class="number" data-label="Margin">{formatNumber(100 * offer.margin)} %</td>
              <td data-label="Valid">{countOf(offer.validDays, "day")}</td>
              <td data-label="Outcome">orders of {countOf(offer.outcomeDays, "day")}</td>
              <td class="number" data-label="Budget of a list">
                {offer.budget === undefined ? "no limit" : money(offer.budget)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
