import { countOf, formatTime } from "shopflow/runtime/mod.ts";
import { leadingMetricText, type ModelDefinition } from "shopflow/ml/mod.ts";
import { isBaseline, type ListedVersion } from "shopflow/ml/registry/mod.ts";
import { Layout, renderPage } from "../layout.tsx";
import STYLES from "../assets/report_pages.css" with { type: "text" };

/** Where the card of a version is. */
export const cardPath = (name: string, version: string) =>
  `/models/${encodeURIComponent(name)}/${encodeURIComponent(version)}`;

interface ModelsIndexProps {
  models: readonly ModelDefinition[];
  versions: ListedVersion[];
  /** Which versions answer, as `model version`. */
  serving: ReadonlySet<string>;
  /** Versions whose card cannot be read. */
  damaged: number;
}

/** Versions of a model that are shown; `deno task models list` has all. */
const MOST_VERSIONS = 10;

/** The trained models: which version scores, and those before it. */
export function renderModelsIndex({ models, versions, serving, damaged }: ModelsIndexProps): string {
  const trained = models.filter(({ training }) => training !== undefined);
  return renderPage(
    <Layout title="Models · ShopFlow" here="models" styles={STYLES}>
      <h1>Models</h1>
      <p class="lead">
        Which version of each model scores, how good it was on customers and days that it had not seen, and
        why it was chosen.
      </p>
      {trained.map((model) => (
        <ModelSection
          key={model.name}
          model={model}
          serving={serving}
          versions={versions.filter(({ card }) => card.name === model.name)}
        />
      ))}
      {damaged > 0 && (
        <p class="soft">{countOf(damaged, "version")} cannot be read. The log of the server says why.</p>
      )}
    </Layout>,
  );
}

function ModelSection(
  { model, versions, serving }: Pick<ModelsIndexProps, "versions" | "serving"> & { model: ModelDefinition },
) {
  const shown = versions.slice(0, MOST_VERSIONS);
  return (
    <section>
      <h2>{title(model.name)}</h2>
      {model.training?.use && <p>{model.training.use.purpose}</p>}
      {versions.length === 0
        ? <p class="soft">Not trained yet. The job that trains is on the page of the jobs.</p>
        : (
          <div class="table-card">
            <table class="blocks">
              <thead>
                <tr>
                  <th scope="col">Version</th>
                  <th scope="col">Quality on its test set</th>
                  <th scope="col">Decision</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((listed) => (
                  <VersionRow
                    key={listed.card.version}
                    listed={listed}
                    model={model}
                    serves={serving.has(`${model.name} ${listed.card.version}`)}
                  />
                ))}
              </tbody>
            </table>
          </div>
        )}
      {versions.length > shown.length && (
        <p class="soft">
          The newest {shown.length} of {countOf(versions.length, "version")};{" "}
          <code>deno task models list {model.name}</code> lists all.
        </p>
      )}
    </section>
  );
}

export const title = (name: string) => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

function VersionRow(
  { listed, model, serves }: { listed: ListedVersion; model: ModelDefinition; serves: boolean },
) {
  const { card, isChampion, decision } = listed;
  return (
    <tr>
      <th scope="row" data-label="Version">
        <a href={cardPath(card.name, card.version)}>{card.version}</a>{" "}
        {isChampion && <span class="badge">champion</span>}
        {serves && !isChampion && <span class="badge">serves</span>}
        <small>trained {formatTime(card.trainedAt)}</small>
      </th>
      <td data-label="Quality on its test set">
        {leadingMetricText(model, card.metrics) ??
          (isBaseline(card) ? "a baseline, not measured" : "not measured")}
      </td>
      <td data-label="Decision">
        {decision === undefined ? "none recorded" : OUTCOMES[decision.outcome]}
        {decision !== undefined && <small class="why">{decision.reason}</small>}
      </td>
    </tr>
  );
}

const OUTCOMES = { promoted: "promoted", refused: "refused", held: "waits for approval" };
