import type { InputsDescription } from "shopflow/ml/mod.ts";
import { Table } from "shopflow/cli/mod.ts";
import { type RunName, shortTime } from "shopflow/jobs/mod.ts";
import { EXAMPLE_RUN } from "../api/jobs_schemas.ts";
import type { DocumentedEndpoint } from "../api/documented_endpoints.ts";
import { type ExampleIds, jsonWithIds, pathWithIds, shellQuoted } from "../state/served_versions.ts";
import { Layout, renderPage } from "./layout.tsx";

/** The features that requests about a model may send, with the values that it takes. */
function FeatureTable({ title, note, features }: InputsDescription) {
  return (
    <section>
      <h2>{title}</h2>
      <p class="soft">{note}</p>
      <details>
        <summary>{features.length} features, each known before the as-of date</summary>
        <Table
          columns={[
            { title: "feature", cell: ({ name }) => <code>{name}</code> },
            { title: "unit", cell: ({ unit }) => unit },
            { title: "meaning", cell: ({ description }) => description },
            { title: "required", cell: ({ required }) => required ? "yes" : "" },
            { title: "values", cell: ({ values }) => values },
          ]}
          rows={features}
        />
      </details>
    </section>
  );
}

interface DocsProps {
  endpoints: DocumentedEndpoint[];
  /** Ids for the examples, in place of those of the usual form. */
  example: ExampleIds & { run?: RunName };
  /** What requests may send, by model. */
  inputs: InputsDescription[];
  /** Where the server was reached, for the examples. */
  origin: string;
  keyRequired: boolean;
  operatorKeyRequired: boolean;
}

/** The endpoints of the API with commands to copy. */
export function renderDocsPage({ endpoints, inputs, ...request }: DocsProps): string {
  return renderPage(
    <Layout title="API · ShopFlow" here="docs">
      <h1>API</h1>
      <p class="lead">
        JSON over HTTP. Every score names the version of the model and of the data snapshot it comes from. For
        programs: <a href="/openapi.json">openapi.json</a>.
      </p>
      {request.keyRequired && (
        <p>
          This server requires a key: add the header <code>x-api-key</code> to every request except /health.
        </p>
      )}
      {request.operatorKeyRequired && (
        <p>
          Starting, cancelling and pausing runs needs the operator's key: add the header{" "}
          <code>x-operator-key</code>.
        </p>
      )}
      <p class="soft">
        Errors (status 400 and above) have the form{" "}
        <code>{'{"error": {"code", "message", "expected", "found", "remedy"}}'}</code>; remedy says what to
        do.
      </p>
      <p class="soft">
        While the lake cannot be read, answers come from what was loaded before. They carry the header{" "}
        <code>x-lake-unreachable-since</code> and, in <code>age</code>, the seconds since the lake was read.
      </p>
      {endpoints.map((endpoint) => <Endpoint key={endpoint.path} endpoint={endpoint} request={request} />)}
      {inputs.map((described) => <FeatureTable key={described.title} {...described} />)}
    </Layout>,
  );
}

interface EndpointProps {
  endpoint: DocumentedEndpoint;
  request: Omit<DocsProps, "endpoints" | "inputs">;
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
        <Table
          columns={[
            { title: "field", cell: ({ name }) => <code>{name}</code> },
            { title: "type", cell: ({ type }) => type },
            { title: "meaning", cell: ({ description }) => description },
          ]}
          rows={fields}
        />
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
  { example, origin, keyRequired, operatorKeyRequired }: Omit<DocsProps, "endpoints" | "inputs">,
): string {
  const { job, scheduledFor } = example.run ?? EXAMPLE_RUN;
  const ofRun = (text: string) =>
    text.replaceAll(EXAMPLE_RUN.job, job)
      .replaceAll(encodeURIComponent(shortTime(EXAMPLE_RUN.scheduledFor)), shortTime(scheduledFor));
  const parts = [`curl ${shellQuoted(origin + pathWithIds(ofRun(path), example))}`];
  const acts = path.startsWith("/api/jobs") && method === "POST";
  if (method === "POST" && body === undefined) parts.push("-X POST");
  if (keyRequired && path !== "/health") parts.push(`-H 'x-api-key: …'`);
  if (operatorKeyRequired && acts) parts.push(`-H 'x-operator-key: …'`);
  if (body !== undefined) {
    parts.push("-H 'content-type: application/json'", `-d ${shellQuoted(jsonWithIds(ofRun(body), example))}`);
  }
  return parts.join(" \\\n  ");
}
