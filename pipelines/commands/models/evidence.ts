import { modelCardMarkdown, modelLineage, readEvidence } from "shopflow/ml/card/mod.ts";
import type { ModelDefinition } from "shopflow/ml/mod.ts";
import { type ModelWatch, type Shift, type WatchedRun, watchModel } from "shopflow/ml/monitoring/mod.ts";
import { findVersion, loadModelVersion } from "shopflow/ml/registry/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import { textTable, writeOutputFile } from "shopflow/cli/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import type { Command } from "commander";
import type { PipelineContext } from "../../context.ts";

interface EvidenceCommands {
  context: () => PipelineContext;
  print: (text: string) => void;
  models: readonly ModelDefinition[];
}

/** `models card` and `models drift`: what a version is, and how it fares since. */
export function addEvidenceCommands(program: Command, { context, print, models }: EvidenceCommands): void {
  const trained = models.filter(({ training }) => training !== undefined).map(({ name }) => name).join(", ");
  program.command("card")
    .description(
      "write the model card of a version: data, metrics with intervals, calibration, features, limits, lineage",
    )
    .argument("<model>", trained)
    .argument("[version]", "the version; default: the champion")
    .option("-o, --output <file>", "write this Markdown file instead of printing")
    .action(async (model: string, version: string | undefined, { output }: { output?: string }) => {
      const { store } = context();
      const definition = definitionOf(models, model);
      const listed = await findVersion(store, model, version);
      const { files } = await loadModelVersion(store, model, listed.card.version);
      const text = modelCardMarkdown({
        definition,
        listed,
        evidence: readEvidence(files),
        lineage: await modelLineage(store, definition, listed.card),
      });
      if (output === undefined) return print(text.trimEnd());
      await writeOutputFile(output, text);
      print(`The card of ${model} ${listed.card.version} is in ${output}.`);
    });
  program.command("drift")
    .description(
      "show whether the features and scores of a model moved since its training, and how right its scores were where " +
        "the outcomes are known by now",
    )
    .argument("<model>", watchedNames(models))
    .option("--json", "print JSON")
    .action(async (model: string, { json }: { json?: boolean }) => {
      const { store } = context();
      using session = await openSnapshot(store);
      const watch = await watchModel(store, session, definitionOf(models, model));
      if (watch === undefined) {
        throw new InputError(`The scores of the ${model} model have no outcome that could be looked up`, {
          expected: watchedNames(models),
          found: model,
        });
      }
      print(json ? JSON.stringify(watch, null, 2) : watchText(watch));
    });
}

const watchedNames = (models: readonly ModelDefinition[]) =>
  models.filter(({ monitoring }) => monitoring !== undefined).map(({ name }) => name).join(", ");

function definitionOf(models: readonly ModelDefinition[], name: string): ModelDefinition {
  const found = models.find((model) => model.name === name);
  if (found !== undefined) return found;
  throw new InputError("There is no model of that name", {
    expected: models.map((model) => model.name).join(" or "),
    found: JSON.stringify(name),
  });
}

/** How a model fares, for a terminal. */
function watchText({ model, monitoring, runs, features, notes }: ModelWatch): string {
  if (runs.length === 0) {
    return `The ${model} model has not scored yet. Run \`deno task pipeline run score\`.`;
  }
  return [
    textTable(
      [
        { title: "scored as of" },
        { title: "version" },
        { title: "rows", align: "right" },
        { title: "score shift", align: "right" },
        { title: "" },
        { title: monitoring.outcome },
      ],
      runs.map((run) => [
        run.asOf,
        run.modelVersion,
        formatCount(run.rows),
        run.scoreShift?.psi.toFixed(3) ?? "–",
        run.scoreShift?.verdict ?? "",
        qualityText(run, monitoring.kind),
      ]),
    ),
    ...(features.length === 0 ? [] : [textTable(
      [
        { title: "feature since training" },
        { title: "PSI", align: "right" },
        { title: "by chance up to", align: "right" },
        { title: "" },
        { title: "not known", align: "right" },
      ],
      features.map(({ feature, shift }) => [
        feature.name,
        shift.psi.toFixed(3),
        shift.byChance.toFixed(3),
        shift.verdict,
        unknownText(shift),
      ]),
    )]),
    ...notes,
  ].join("\n\n");
}

function unknownText({ unknown: [then, now] }: Shift): string {
  const [before, after] = [then, now].map((share) => `${(100 * share).toFixed(0)} %`);
  return before === after ? `${after}` : `${before} → ${after}`;
}

function qualityText({ quality, knownFrom }: WatchedRun, kind: "probability" | "amount"): string {
  if (quality === undefined) return `known from ${knownFrom} on`;
  if (quality.rows === 0) return "nobody has an outcome";
  if (kind === "amount") {
    return `predicted ${quality.predicted.toFixed(2)}, was ${quality.observed.toFixed(2)} on average; ` +
      `mean absolute error ${quality.meanAbsoluteError.toFixed(2)}`;
  }
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const between = quality.aucInterval?.map((end) => end.toFixed(3)).join(" to ");
  return `predicted ${percent(quality.predicted)}, was ${percent(quality.observed)} of ${
    formatCount(quality.rows)
  }` +
    (quality.auc === null ? "" : `; AUC ${quality.auc.toFixed(3)}${between ? ` (${between})` : ""}`);
}
