import type { SqlProject } from "shopflow/warehouse/mod.ts";
import { raw } from "hono/html";
import { anchorOf, lineageOf, ModelGraph } from "./graph.tsx";
import { ModelSection, SourceSection } from "./model_section.tsx";
import { STYLESHEET } from "./stylesheet.ts";

/** Layers in the order of the page; those of other folders come last. */
const LAYERS = ["curated", "quality", "staging"];

/**
 * One self-contained HTML page of a project: the graph of its models, and of each model its columns, data tests,
 * lineage and SQL. It loads nothing and runs no script.
 */
export function warehousePage(project: SqlProject): string {
  const lineage = lineageOf(project);
  const layers = [...new Set(project.models.map(({ layer }) => layer))]
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const groups = layers.map((layer) => ({
    layer,
    models: project.models.filter((model) => model.layer === layer).toSorted((a, b) =>
      a.name < b.name ? -1 : 1
    ),
  }));
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`Warehouse: ${project.name}`}</title>
        <style>{raw(STYLESHEET)}</style>
      </head>
      <body>
        <header class="top">
          <p class="soft">{project.name} warehouse, version {project.version}</p>
          <h1>From raw tables to the star schema</h1>
          <p class="soft">
            {project.sources.length} source tables, {project.models.length} models, {project.tests.length}
            {" "}
            data tests
          </p>
        </header>
        <div class="graph-frame" tabindex={0}>
          <ModelGraph nodes={[...lineage.values()]} />
        </div>
        <div class="columns">
          <nav>
            {[...groups.map(({ layer, models }) => ({ layer, names: models.map(({ name }) => name) })), {
              layer: "source",
              names: project.sources.map(({ source, table }) => `${source}.${table}`),
            }].map(({ layer, names }) => (
              <details open>
                <summary class={layer}>{layer}</summary>
                {names.map((name) => <a key={name} href={`#${anchorOf(name)}`}>{name}</a>)}
              </details>
            ))}
          </nav>
          <main>
            {groups.map(({ layer, models }) => (
              <>
                <h2>{layer}</h2>
                {models.map((model) => (
                  <ModelSection model={model} node={lineage.get(model.name)!} tests={project.tests} />
                ))}
              </>
            ))}
            <h2>source</h2>
            {project.sources.map((source) => (
              <SourceSection source={source} node={lineage.get(`${source.source}.${source.table}`)!} />
            ))}
          </main>
        </div>
      </body>
    </html>
  );
  return `<!DOCTYPE html>\n${page.toString()}\n`;
}

function rank(layer: string): number {
  const index = LAYERS.indexOf(layer);
  return index < 0 ? LAYERS.length : index;
}
