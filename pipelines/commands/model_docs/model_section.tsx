import { Table } from "shopflow/cli/mod.ts";
import { type SqlModel, type SqlProject, testName } from "shopflow/warehouse/mod.ts";
import hljs from "highlight.js/lib/core";
import sql from "highlight.js/lib/languages/sql";
import { raw } from "hono/html";
import { anchorOf, type LineageNode } from "./graph.tsx";

hljs.registerLanguage("sql", sql);

/** What is known of a model: description, lineage, columns, tests, SQL. */
export function ModelSection(
  { model, node, tests }: { model: SqlModel; node: LineageNode; tests: SqlProject["tests"] },
) {
  const { name, file, layer, materialized, doc } = model;
  const ofModel = tests.filter((test) => test.model === name && test.column === undefined);
  const singular = tests.filter((test) => test.model === undefined && mentions(test.sql, name));
  const highlighted = hljs.highlight(model.sql, { language: "sql", ignoreIllegals: true }).value;
  return (
    <section class="model" id={anchorOf(name)}>
      <header>
        <h3>{name}</h3>
        <span class={`tag ${layer}`}>{layer}</span>
        <span class="tag">{materialized}</span>
      </header>
      {doc.description && (
        <p>
          <Prose text={doc.description} />
        </p>
      )}
      <dl class="facts">
        <Fact title="File">{<code>{file}</code>}</Fact>
        {doc.grain.length > 0 && <Fact title="One row per">{doc.grain.join(", ")}</Fact>}
        <Fact title="Reads">
          <Links names={node.reads} />
        </Fact>
        <Fact title="Read by">
          <Links names={node.readBy} />
        </Fact>
        {ofModel.length > 0 && (
          <Fact title="Tests of the table">
            {ofModel.map((test) => `${test.kind.replaceAll("_", " ")}${mark(test)}`).join("; ")}
          </Fact>
        )}
        {singular.length > 0 && (
          <Fact title="Tests across tables">
            {singular.map((test) => `${testName(test)}${mark(test)}`).join("; ")}
          </Fact>
        )}
      </dl>
      {doc.columns.length > 0 && <Columns model={model} />}
      <details>
        <summary>SQL as DuckDB runs it</summary>
        <pre><code>{raw(highlighted)}</code></pre>
      </details>
    </section>
  );
}

/** A source table: what the raw layer gives. */
export function SourceSection(
  { source, node }: { source: SqlProject["sources"][number]; node: LineageNode },
) {
  return (
    <section class="model" id={anchorOf(node.name)}>
      <header>
        <h3>{node.name}</h3>
        <span class="tag source">source</span>
      </header>
      <p>{source.description}</p>
      <dl class="facts">
        <Fact title="Read by">
          <Links names={node.readBy} />
        </Fact>
      </dl>
      <details>
        <summary>{source.columns.length} columns</summary>
        <Table
          columns={[
            { title: "column", cell: ({ name }) => <code>{name}</code> },
            { title: "type", cell: ({ dataType }) => <DataType name={dataType} /> },
          ]}
          rows={source.columns}
        />
      </details>
    </section>
  );
}

function Columns({ model: { doc } }: { model: SqlModel }) {
  return (
    <Table
      class="documented"
      columns={[
        { title: "column", cell: ({ name }) => <code>{name}</code> },
        { title: "type", cell: ({ dataType }) => <DataType name={dataType} /> },
        { title: "meaning", cell: ({ description }) => <Prose text={description} /> },
        { title: "tests", cell: ({ dataTests }) => <DataTests tests={dataTests} /> },
      ]}
      rows={doc.columns}
    />
  );
}

function DataTests({ tests }: { tests: SqlModel["doc"]["columns"][number]["dataTests"] }) {
  return (
    <>
      {tests.map((test, i) => (
        <span key={i} class={`test ${String(test.settings.severity ?? "error")}`}>
          {test.kind.replaceAll("_", " ")}
          {target(test.arguments)}
        </span>
      ))}
    </>
  );
}

const DataType = ({ name }: { name: string | undefined }) => <span class="type">{name}</span>;

/** Text in which parts between backticks are code. */
function Prose({ text }: { text: string }) {
  return <>{text.split("`").map((part, i) => i % 2 === 1 ? <code key={i}>{part}</code> : part)}</>;
}

function Fact({ title, children }: { title: string; children?: unknown }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Links({ names }: { names: string[] }) {
  if (names.length === 0) return <span class="soft">nothing</span>;
  return <>{names.map((name) => <a key={name} class="link" href={`#${anchorOf(name)}`}>{name}</a>)}</>;
}

const mark = ({ severity }: { severity: string }) => severity === "warn" ? " (warns)" : "";

/** The parent that a relationship points to. */
function target({ to }: Record<string, unknown>): string {
  const parent = typeof to === "string" ? to.match(/'(.*)'/)?.[1] : undefined;
  return parent === undefined ? "" : ` → ${parent}`;
}

const mentions = (text: string, model: string) => text.includes(`"${model}"`);
