import { type Context, Hono } from "hono";
// @ts-types="@types/markdown-it"
import MarkdownIt from "markdown-it";
import { InputError, ModelError } from "shopflow/errors/mod.ts";
import { modelCardMarkdown, modelLineage, readEvidence } from "shopflow/ml/card/mod.ts";
import type { ModelDefinition } from "shopflow/ml/mod.ts";
import {
  findVersion,
  type ListedVersion,
  listVersions,
  loadModelVersion,
  servingCard,
} from "shopflow/ml/registry/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { HttpProblem } from "../../problems.ts";
import { Layout, renderPage } from "../layout.tsx";
import { type CardChart, cardCharts } from "./charts.ts";
import { cardPath, renderModelsIndex, title } from "./index.tsx";
import STYLES from "../assets/report_pages.css" with { type: "text" };
import MODEL_STYLES from "../assets/models.css" with { type: "text" };

interface ModelRouteOptions {
  store: ObjectStore;
  models: readonly ModelDefinition[];
  runtime: Runtime;
}

/** The list of models, and the cards of their versions. */
export function modelRoutes({ store, models, runtime }: ModelRouteOptions): Hono {
  return new Hono()
    .get("/models", async (c) => {
      let damaged = 0;
      const versions = await listVersions(store, undefined, {
        onDamaged({ message }) {
          damaged++;
          runtime.log.warn(message);
        },
      });
      // A model that never beat its baseline is served by that.
      const serving = new Set<string>();
      for (const { name } of models) {
        const card = await servingCard(store, name).catch((error) => {
          if (error instanceof ModelError) return undefined;
          throw error;
        });
        if (card !== undefined) serving.add(`${name} ${card.version}`);
      }
      c.header("cache-control", "no-cache");
      return c.html(renderModelsIndex({ models, versions, serving, damaged }));
    })
    .get("/models/:name/:version", async (c) => {
      const { definition, listed, evidence, lineage } = await found(c);
      const markdown = modelCardMarkdown({ definition, listed, evidence, lineage });
      const charts = evidence === undefined ? [] : await cardCharts(evidence);
      c.header("cache-control", "no-cache");
      return c.html(renderCard(listed, markdown, charts));
    })
    .get("/models/:name/:version/card.md", async (c) => {
      const content = await found(c);
      const { card } = content.listed;
      c.header("content-type", "text/markdown; charset=utf-8");
      c.header("content-disposition", `attachment; filename="${card.name}_${card.version}.md"`);
      return c.body(modelCardMarkdown(content));
    });

  /** @throws {HttpProblem} 404 when there is no such version. */
  async function found(c: Context) {
    const { name, version } = c.req.param() as { name: string; version: string };
    const definition = models.find((model) => model.name === name && model.training !== undefined);
    const missing = () =>
      new HttpProblem(404, "model_version_not_found", "There is no such version of a model", {
        found: `${name} ${version}`,
        remedy: "The models and their versions are at /models.",
      });
    if (definition === undefined) throw missing();
    let listed: ListedVersion;
    try {
      listed = await findVersion(store, name, version, {
        onDamaged: ({ message }) => runtime.log.warn(message),
      });
    } catch (error) {
      if (error instanceof InputError) throw missing();
      throw error;
    }
    return {
      definition,
      listed,
      evidence: await evidenceOf(name, listed.card.version),
      lineage: await modelLineage(store, definition, listed.card),
    };
  }

  /** Undefined where the version's files are damaged: the rest of its card is shown without them. */
  async function evidenceOf(name: string, version: string) {
    try {
      return readEvidence((await loadModelVersion(store, name, version)).files);
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      runtime.log.warn(error.message);
    }
  }
}

const prose = new MarkdownIt();

/** The first heading is the page's own. */
function renderCard(
  { card: { name, version } }: ListedVersion,
  markdown: string,
  charts: CardChart[],
): string {
  const text = prose.render(markdown.replace(/^# .*\n/, ""))
    // A wide table scrolls by itself, so that the page does not.
    .replaceAll("<table>", '<div class="table-card"><table>').replaceAll("</table>", "</table></div>");
  return renderPage(
    <Layout title={`${title(name)} ${version} · ShopFlow`} here="models" styles={STYLES + MODEL_STYLES}>
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="/models">Models</a>
      </nav>
      <h1 class="title">{title(name)}: version {version}</h1>
      <p class="soft">
        <a href={`${cardPath(name, version)}/card.md`}>Model card as Markdown</a>
      </p>
      {charts.length > 0 && (
        <div class="card-charts">
          {charts.map(({ title, wide, narrow, label }) => (
            <figure key={title}>
              <figcaption>{title}</figcaption>
              <div class="wide" role="img" aria-label={label} dangerouslySetInnerHTML={{ __html: wide }} />
              <div
                class="narrow"
                role="img"
                aria-label={label}
                dangerouslySetInnerHTML={{ __html: narrow }}
              />
            </figure>
          ))}
        </div>
      )}
      <div class="card-text" dangerouslySetInnerHTML={{ __html: text }} />
    </Layout>,
  );
}
