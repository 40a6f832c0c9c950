import { CHURN_FEATURES, type DeclaredFeature, expectedValues } from "shopflow/churn/mod.ts";
import { type RunName, shortTime } from "shopflow/jobs/mod.ts";
import { EXAMPLE_RUN } from "../api/jobs_schemas.ts";
import type { DocumentedEndpoint } from "../api/documented_endpoints.ts";
import { type ExampleIds, USUAL_IDS } from "../state/served_versions.ts";
import { Layout, renderPage } from "./layout.tsx";

interface FeatureTableProps {
  /** What the model that scores now takes; undefined before one was trained. */
  declared: DeclaredFeature[] | undefined;
}

/** The features of the churn model, with the values that it takes. */
function FeatureTable({ declared }: FeatureTableProps) {
  const byName = new Map(declared?.map((feature) => [feature.name, feature]));
  // A baseline does not say what its training saw.
  const isBaseline = declared?.every(({ seen }) => seen === undefined) ?? false;
  const features = CHURN_FEATURES.filter(({ name }) => declared === undefined || byName.has(name));
  return (
    <section>
      <h2>Features of the churn model</h2>
      <p class="soft">
        A score by features needs the required ones.{" "}
        {isBaseline ? "The baseline answers now, which looks at these only." : (
          <>
            What else is not sent, or sent as{" "}
            <code>null</code>, is averaged over the training customers that are most like this one.
          </>
        )} <code>"none"</code>{" "}
        says that there is nothing to measure, such as the share of carts abandoned of a customer who never
        filled one.
      </p>
      <details>
        <summary>{features.length} features, each known before the as-of date</summary>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>feature</th>
                <th>unit</th>
                <th>meaning</th>
                <th>required</th>
                <th>values</th>
              </tr>
            </thead>
            <tbody>
              {features.map(({ name, unit, description }) => {
                const feature = byName.get(name);
                return (
                  <tr key={name}>
                    <td>
                      <code>{name}</code>
                    </td>
                    <td>{unit}</td>
                    <td>{description}</td>
                    <td>{feature?.required ? "yes" : ""}</td>
                    <td>{feature && expectedValues(feature)}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}

interface DocsProps {
  endpoints: DocumentedEndpoint[];
  /** Ids for the examples, in place of those of the usual form. */
  example: ExampleIds & { run?: RunName };
  /** What the churn model takes that scores now. */
  features: DeclaredFeature[] | undefined;
  /** Where the server was reached, for the examples. */
  origin: string;
  keyRequired: boolean;
  operatorKeyRequired: boolean;
}

/** The endpoints of the API with commands to copy. */
export function renderDocsPage({ endpoints, features, ...request }: DocsProps): string {
  return renderPage(
    <Layout title="API · ShopFlow" here="docs">
      <h1>API</h1>
      <p class="lead">
        JSON over HTTP. Every score names the version of the model and of the data snapshot it comes from. For
        programs: <a href="/openapi.json">openapi.json</a>.
      </p>
      {request.keyRequired && (
        <p>
          This server asks for a key: add the header <code>x-api-key</code> to every request except /health.
        </p>
      )}
      {request.operatorKeyRequired && (
        <p>
          Starting, cancelling and pausing runs needs the operator's key: add the header{" "}
          <code>x-operator-key</code>.
        </p>
      )}
      <p class="soft">
        An answer with a status from 400 on is{" "}
        <code>{'{"error": {"code", "message", "expected", "found", "remedy"}}'}</code>; remedy says what to
        do.
      </p>
      <p class="soft">
        While the lake cannot be read, answers come from what was loaded before. They carry the header{" "}
        <code>x-lake-unreachable-since</code> and, in <code>age</code>, the seconds since the lake was read.
      </p>
      {endpoints.map((endpoint) => <Endpoint key={endpoint.path} endpoint={endpoint} request={request} />)}
      <FeatureTable declared={features} />
    </Layout>,
  );
}

interface EndpointProps {
  endpoint: DocumentedEndpoint;
  request: Omit<DocsProps, "endpoints" | "features">;
}

function Endpoint({ endpoint, request }: EndpointProps) {
  const { method, path, summary, description, examples, fields, answers } = endpoint;
  return (
    <section>
      <h2>{summary}</h2>
      <p>
        <span class="method">{method}</span>
        <code>{path}</code>
      </p>
      <p>{description}</p>
      {examples.map((example) => (
        <>
          {example.title && <p class="soft">{example.title}</p>}
          <pre><code>{curl(method, example, request)}</code></pre>
        </>
      ))}
      <details>
        <summary>Fields of the answer</summary>
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th>field</th>
                <th>type</th>
                <th>meaning</th>
              </tr>
            </thead>
            <tbody>
              {fields.map(({ name, type, description }) => (
                <tr key={name}>
                  <td>
                    <code>{name}</code>
                  </td>
                  <td>{type}</td>
                  <td>{description}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
      <details>
        <summary>Statuses</summary>
        <table>
          <tbody>
            {answers.map(({ status, description }) => (
              <tr key={status}>
                <th>{status}</th>
                <td>{description}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </section>
  );
}

function curl(
  method: string,
  { path, body }: DocumentedEndpoint["examples"][number],
  { example, origin, keyRequired, operatorKeyRequired }: Omit<DocsProps, "endpoints" | "features">,
): string {
  const [first, second] = example.customers;
  const { job, scheduledFor } = example.run ?? EXAMPLE_RUN;
  const replaced = (text: string) =>
    text.replaceAll(USUAL_IDS.customers[0], first).replaceAll(USUAL_IDS.customers[1], second)
      .replaceAll(USUAL_IDS.product, example.product)
      .replaceAll(EXAMPLE_RUN.job, job)
      .replaceAll(encodeURIComponent(shortTime(EXAMPLE_RUN.scheduledFor)), shortTime(scheduledFor));
  const parts = [`curl '${origin}${replaced(path)}'`];
  const acts = path.startsWith("/api/jobs") && method === "POST";
  if (method === "POST" && body === undefined) parts.push("-X POST");
  if (keyRequired && path !== "/health") parts.push(`-H 'x-api-key: …'`);
  if (operatorKeyRequired && acts) parts.push(`-H 'x-operator-key: …'`);
  if (body !== undefined) parts.push("-H 'content-type: application/json'", `-d '${replaced(body)}'`);
  return parts.join(" \\\n  ");
}
