import type { CustomerList } from "shopflow/segments/audiences/mod.ts";
import {
  type CustomerSelection,
  customersPath,
  personaOf,
  PERSONAS,
  selectionText,
} from "shopflow/segments/mod.ts";
import { countOf, formatCount } from "shopflow/runtime/mod.ts";
import type { Access } from "../../access/operator.ts";
import { AccessNote } from "../jobs/forms.tsx";
import { Layout, renderPage } from "../layout.tsx";
import { Pager } from "../reports/frame.tsx";
import STYLES from "../assets/report_pages.css" with { type: "text" };

export const CUSTOMERS_PER_PAGE = 100;

/** How a list is looked at; from the address, so that each view is a link. */
export interface ListView {
  selection: CustomerSelection;
  /** The snapshot that the address names, where that is not the current one. */
  snapshot?: string;
  search: string;
  /** From 1. */
  page: number;
}

interface ListProps {
  view: ListView;
  list: CustomerList;
  /** Snapshot that was read. */
  snapshot: string;
  /** What the reader must know of the data, e.g. that it has moved on. */
  note?: string;
  access: Access;
  /** Customers by segment, on the page of all. */
  segments?: readonly { segment: string; customers: number }[];
}

/** The address of a view; the search stays in the list, never in an audience. */
function addressOf({ selection, snapshot, search, page }: ListView, path = "/customers"): string {
  const query =
    new URL(customersPath({ ...selection, ...(snapshot !== undefined && { snapshot }) }), "http://list")
      .searchParams;
  if (search !== "") query.set("q", search);
  if (page > 1) query.set("page", String(page));
  return query.size === 0 ? path : `${path}?${query}`;
}

const AMOUNT = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** The customers behind a cell of a chart. */
export function renderCustomers({ view, list, snapshot, note, access, segments }: ListProps): string {
  const { selection, search } = view;
  const text = capitalised(selectionText(selection));
  const pages = Math.max(1, Math.ceil(list.found / CUSTOMERS_PER_PAGE));
  const href = (changes: Partial<ListView>) => addressOf({ ...view, page: 1, ...changes });
  const hidden = { ...selection, ...(view.snapshot !== undefined && { snapshot: view.snapshot }) };
  return renderPage(
    <Layout title={`${text} · ShopFlow`} here="customers" styles={STYLES}>
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="/customers">Customers</a> / <a href="/audiences">Audiences</a>
      </nav>
      <h1 class="title">{text}</h1>
      <p class="lead">
        {countOf(list.total, "customer")}, as they were before {list.asOf}.
        {list.deleted > 0 && ` Not listed: ${formatCount(list.deleted)} whom the shop has deleted since.`}
      </p>
      {selection.segment !== undefined && (
        <p>{personaOf(selection.segment).meaning} What to do: {personaOf(selection.segment).action}</p>
      )}
      {note !== undefined && (
        <p class="note-banner" role="status">
          {note} <a href={customersPath(selection)}>See the list by the newest data</a>
        </p>
      )}
      {selection.ordered !== undefined && (
        <p>
          <a
            href={href({ selection: { ...selection, ordered: selection.ordered === "yes" ? "no" : "yes" } })}
          >
            {selection.ordered === "yes"
              ? "Those who did not order in that month"
              : "Those who ordered in that month"}
          </a>
        </p>
      )}
      {segments !== undefined && <Segments segments={segments} asOf={list.asOf} />}
      <form class="filter" method="get" action="/customers" role="search">
        <Hidden values={hidden} />
        <label for="q">Search ids and countries</label>
        <input id="q" type="search" name="q" value={search} />
        <button type="submit">Search</button>
        <a href={addressOf({ ...view, search: "", page: 1 }, "/customers.csv")} download="customers.csv">
          CSV, all {formatCount(list.total)}
        </a>
      </form>
      {search !== "" && (
        <p class="note-banner" role="status">
          {countOf(list.found, "customer")} of {formatCount(list.total)} with “{search}”.{" "}
          <a href={href({ search: "" })}>Show all</a>
        </p>
      )}
      {list.total > 0 && (
        <SaveForm hidden={{ ...hidden, as_of: list.asOf, snapshot }} count={list.total} access={access} />
      )}
      <CustomersTable list={list} />
      <Pager
        page={view.page}
        pages={pages}
        total={countOf(list.found, "customer")}
        href={(page) => href({ page })}
      />
      <p class="soft">
        Data snapshot {snapshot}. The list has no names and addresses; <code>deno task audiences export</code>
        {" "}
        adds them to a saved audience.
      </p>
    </Layout>,
  );
}

function Hidden({ values }: { values: Readonly<Record<string, string | number | undefined>> }) {
  return (
    <>
      {Object.entries(values).map(([name, value]) =>
        value !== undefined && <input key={name} type="hidden" name={name} value={String(value)} />
      )}
    </>
  );
}

function Segments(
  { segments, asOf }: { segments: readonly { segment: string; customers: number }[]; asOf: string },
) {
  const of = (id: string) => segments.find(({ segment }) => segment === id)?.customers ?? 0;
  return (
    <div class="table-card" tabindex={0} role="region" aria-label="Segments">
      <table class="blocks">
        <thead>
          <tr>
            <th scope="col">Segment</th>
            <th scope="col" class="number">Customers</th>
            <th scope="col">What to do</th>
          </tr>
        </thead>
        <tbody>
          {PERSONAS.map(({ id, name, action }) => (
            <tr>
              <th scope="row">
                <a href={customersPath({ segment: id, as_of: asOf })}>{name}</a>
              </th>
              <td class="number" data-label="Customers">{formatCount(of(id))}</td>
              <td data-label="What to do">{action}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CustomersTable({ list: { customers } }: { list: CustomerList }) {
  return (
    <div class="table-card" tabindex={0} role="region" aria-label="Customers">
      <table class="blocks">
        <thead>
          <tr>
            <th scope="col">Customer</th>
            <th scope="col">Country</th>
            <th scope="col">Segment</th>
            <th scope="col" class="number">Days since the last order</th>
            <th scope="col" class="number">Orders</th>
            <th scope="col" class="number">Net sales</th>
            <th scope="col" class="number">Recency, frequency, money (1 to 5)</th>
          </tr>
        </thead>
        <tbody>
          {customers.map((row) => (
            <tr>
              <th scope="row">{row.customer_id}</th>
              <td data-label="Country">{row.country ?? "not recorded"}</td>
              <td data-label="Segment">{personaOf(row.segment).name}</td>
              <td class="number" data-label="Days since the last order">{row.recency_days ?? "no order"}</td>
              <td class="number" data-label="Orders">{formatCount(row.orders)}</td>
              <td class="number" data-label="Net sales">
                {AMOUNT.format(row.net_sales)}
              </td>
              <td class="number" data-label="Recency, frequency, money">
                {row.r === null ? "none" : `${row.r}, ${row.f}, ${row.m}`}
              </td>
            </tr>
          ))}
          {customers.length === 0 && (
            <tr>
              <td colspan={7}>No customers.</td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

interface SaveProps {
  hidden: Readonly<Record<string, string | number | undefined>>;
  count: number;
  access: Access;
}

function SaveForm({ hidden, count, access }: SaveProps) {
  if (access.state === "off") return <p class="soft">Saving audiences is turned off here. {access.remedy}</p>;
  return (
    <section aria-labelledby="save">
      <h2 id="save">Save as an audience</h2>
      <form class="actions" method="post" action="/audiences">
        <Hidden values={hidden} />
        <label>
          Name{" "}
          <input
            name="name"
            required
            maxlength={60}
            pattern="[a-z0-9][a-z0-9_\-]*"
            title="small letters, digits, _ and -"
            autocomplete="off"
          />
        </label>
        <label>
          <input type="checkbox" name="new_version" value="yes" /> as a new version, where the name is taken
        </label>
        <button type="submit">Save {countOf(count, "customer")}</button>
      </form>
      <AccessNote access={access} />
    </section>
  );
}
