import { formatCount, formatTimestamp } from "shopflow/runtime/mod.ts";
import type { FeatureEvidence, ModelEvidence, SliceEvidence } from "./evidence.ts";
import type { ModelDefinition } from "../model_definition.ts";
import type { ListedVersion } from "../registry/list.ts";
import type { ModelLineage } from "./lineage.ts";

/** All that is known of a version. */
export interface ModelCardContent {
  definition: Pick<ModelDefinition, "name" | "training" | "scoreTable">;
  listed: ListedVersion;
  /** Undefined of a version that left none. */
  evidence: ModelEvidence | undefined;
  lineage: ModelLineage;
}

/** Features that a card lists; the rest are in the registry. */
const MOST_FEATURES = 15;

/**
 * The model card of a version as Markdown, after Mitchell et al. 2019, "Model Cards for Model Reporting" (arXiv
 * 1810.03993): what it is for, data, metrics with intervals and by part of the test set, calibration, features, limits,
 * and where it came from. The same version gives the same text.
 */
export function modelCardMarkdown(content: ModelCardContent): string {
  const { definition: { name, training }, listed: { card }, evidence } = content;
  const use = training?.use;
  return [
    `# Model card: ${name} ${card.version}`,
    statusText(content),
    section("What it is for", use && [use.purpose, `**Not for:** ${use.notFor}`]),
    section("Data", list(evidence?.data)),
    section("Method", list(evidence?.method)),
    section("Quality", [metricsTable(content)]),
    section(`Quality by part of the test set`, evidence?.slices && slicesText(evidence.slices)),
    section("Calibration", evidence?.calibration && [calibrationTable(evidence.calibration)]),
    section(
      "Features",
      evidence && evidence.features.length > 0 ? featuresText(evidence.features) : undefined,
    ),
    section("Limits", list(use?.limits)),
    section("Where it came from", lineageText(content)),
    section("Parameters", [codeBlock(card.parameters)]),
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

function section(title: string, paragraphs: string[] | undefined): string {
  return paragraphs === undefined || paragraphs.length === 0
    ? ""
    : `## ${title}\n\n${paragraphs.join("\n\n")}`;
}

const list = (items: readonly string[] | undefined): string[] | undefined =>
  items && items.length > 0 ? [items.map((item) => `- ${item}`).join("\n")] : undefined;

function statusText({ listed: { card, isChampion, decision } }: ModelCardContent): string {
  const status = isChampion
    ? "It is the champion: the version that scores."
    : decision === undefined
    ? "No decision about it is recorded."
    : { promoted: "It was champion before.", refused: "It was refused.", held: "It waits for approval." }[
      decision.outcome
    ];
  const why = decision === undefined ? "" : ` Reason: ${decision.reason.replace(/[.]?$/, ".")}`;
  return `Trained ${formatTimestamp(card.trainedAt)} on data before ${card.asOf}. ${status}${why}`;
}

const number = (value: number | null) =>
  value === null ? "–" : Number.isInteger(value) ? formatCount(value) : value.toFixed(4);
const interval = (between: [number, number] | null | undefined) =>
  between ? `${between[0].toFixed(4)} to ${between[1].toFixed(4)}` : "–";

/** A table of Markdown; cells are text and may hold no line break. */
function table(header: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A model's metric beside its baseline's, where there is one. */
function metricsTable({ definition: { training }, listed: { card }, evidence }: ModelCardContent): string {
  const { metrics } = card;
  if (Object.keys(metrics).length === 0) return "It was not measured.";
  const prefix = `${training?.baselineName ?? "baseline"}_`;
  const own = Object.entries(metrics).filter(([name]) => !name.startsWith(prefix));
  return table(
    ["metric on the test set", "value", "95 % interval", training?.baselineName ?? "baseline"],
    own.map(([name, value]) => [
      name.replaceAll("_", " "),
      number(value),
      interval(evidence?.intervals?.[name]),
      number(metrics[`${prefix}${name}`] ?? null),
    ]),
  );
}

function slicesText({ metric, parts }: { metric: string; parts: SliceEvidence[] }): string[] {
  return [
    table(
      ["by", "part", "rows", metric.replaceAll("_", " "), "95 % interval"],
      parts.map(({ by, part, rows, value, interval: between }) => [
        by,
        part,
        formatCount(rows),
        value === null ? "too few" : number(value),
        interval(between),
      ]),
    ),
  ];
}

function calibrationTable(bins: NonNullable<ModelEvidence["calibration"]>): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return table(
    ["rows", "predicted", "observed"],
    bins.map(({ rows, predicted, observed }) => [formatCount(rows), percent(predicted), percent(observed)]),
  );
}

function featuresText(features: FeatureEvidence[]): string[] {
  const influence = ({ influence = 0 }: FeatureEvidence) => influence;
  const shown = features.toSorted((a, b) => influence(b) - influence(a)).slice(0, MOST_FEATURES);
  return [
    table(
      ["feature", "meaning", "unit", "mean influence", "not known"],
      shown.map(({ name, description, unit, influence, training }) => [
        `\`${name}\``,
        description,
        unit,
        influence === undefined ? "–" : influence.toFixed(3),
        `${(100 * training.unknown).toFixed(0)} %`,
      ]),
    ),
    ...(features.length > shown.length
      ? [`And ${features.length - shown.length} more with less influence.`]
      : []),
  ];
}

function lineageText({ definition, lineage }: ModelCardContent): string[] {
  const { snapshot, code, decisions, scores } = lineage;
  const built = snapshot.createdAt === undefined
    ? "which is not in the lake any more"
    : `built ${formatTimestamp(snapshot.createdAt)} by code \`${snapshot.codeVersion}\``;
  return [
    `- Trained on snapshot \`${snapshot.id}\`, ${built}` +
    (code === undefined ? "" : `\n- By code \`${code}\``) +
    decisions.map(({ outcome, decidedAt, run }) =>
      `\n- ${formatTimestamp(decidedAt)}: ${outcome}${run === undefined ? "" : ` in the run ${run}`}`
    ).join("") +
    (scores.length === 0
      ? `\n- No table of ${definition.scoreTable.name} scores that it made is kept`
      : `\n- Made ${scores.length} kept ${
        scores.length === 1 ? "table" : "tables"
      } of ${definition.scoreTable.name} ` +
        `scores, the latest as of ${scores[0]?.asOf}`),
    ...(snapshot.sources.length === 0 ? [] : [table(
      ["source table", "raw files", "rows", "read up to"],
      snapshot.sources.map(({ table, files, rows, watermark }) => [
        table,
        formatCount(files),
        formatCount(rows),
        watermark ?? "–",
      ]),
    )]),
  ];
}

const codeBlock = (value: unknown) => "```json\n" + JSON.stringify(value, null, 2) + "\n```";
