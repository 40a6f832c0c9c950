import type { Audience } from "shopflow/segments/audiences/mod.ts";
import { customersPath, parseSelection } from "shopflow/segments/mod.ts";
import { countOf, formatCount, formatTime } from "shopflow/runtime/mod.ts";
import { Layout, renderPage } from "../layout.tsx";
import STYLES from "../assets/report_pages.css" with { type: "text" };

/** All audiences, the latest version of each. */
export function renderAudiences(audiences: readonly Audience[]): string {
  return renderPage(
    <Layout title="Audiences · ShopFlow" here="customers" styles={STYLES}>
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="/customers">Customers</a>
      </nav>
      <h1 class="title">Audiences</h1>
      <p class="lead">
        Named lists of customers. A list never changes once it is saved; saved again, it is a new version.
      </p>
      {audiences.length === 0
        ? (
          <p>
            None yet. Open a list of{" "}
            <a href="/customers">customers</a>, or click a cell of a chart in the reports, and save it; or run
            {" "}
            <code>deno task audiences save NAME segment=at-risk</code>.
          </p>
        )
        : <AudienceTable audiences={audiences} />}
    </Layout>,
  );
}

/** An audience with its versions. */
export function renderAudience(versions: readonly Audience[], did: string | undefined): string {
  const latest = versions.at(-1)!;
  const { name, description, conditions, snapshot, asOf } = latest;
  return renderPage(
    <Layout title={`${name} · ShopFlow`} here="customers" styles={STYLES}>
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="/customers">Customers</a> / <a href="/audiences">Audiences</a>
      </nav>
      <h1 class="title">{name}</h1>
      {did === "saved" && (
        <p class="note-banner" role="status">
          Saved {countOf(latest.customers, "customer")} as {name}, version {latest.version}.
        </p>
      )}
      <p class="lead">
        {countOf(latest.customers, "customer")}: {description}; as they were before {asOf}.
      </p>
      {conditions !== undefined && (
        <p>
          <a href={customersPath({ ...parseSelection(conditions), snapshot })}>
            The list they were chosen from
          </a>, by data snapshot {snapshot}.
        </p>
      )}
      <AudienceTable audiences={versions.toReversed()} />
      <p class="soft">
        <code>deno task audiences export {name} FILE</code>{" "}
        writes them with names and e-mail addresses, for those who may see them.
      </p>
    </Layout>,
  );
}

function AudienceTable({ audiences }: { audiences: readonly Audience[] }) {
  return (
    <div class="table-card" tabindex={0} role="region" aria-label="Audiences">
      <table class="blocks">
        <thead>
          <tr>
            <th scope="col">Audience</th>
            <th scope="col" class="number">Version</th>
            <th scope="col" class="number">Customers</th>
            <th scope="col">Who they are</th>
            <th scope="col">As of</th>
            <th scope="col">Saved</th>
            <th scope="col">File</th>
          </tr>
        </thead>
        <tbody>
          {audiences.map((audience) => (
            <tr>
              <th scope="row">
                <a href={`/audiences/${audience.name}`}>{audience.name}</a>
              </th>
              <td class="number" data-label="Version">{audience.version}</td>
              <td class="number" data-label="Customers">{formatCount(audience.customers)}</td>
              <td data-label="Who they are">{audience.description}</td>
              <td data-label="As of">{audience.asOf}</td>
              <td data-label="Saved">{formatTime(audience.savedAt)} by {audience.savedBy}</td>
              <td data-label="File">
                <a
                  href={`/audiences/${audience.name}.csv?version=${audience.version}`}
                  download={`${audience.name}_${audience.version}.csv`}
                  aria-label={`CSV of ${audience.name}, version ${audience.version}`}
                >
                  CSV
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
