import {
  championVersion,
  findVersion,
  isBaseline,
  type ListedVersion,
  listVersions,
  loadModelVersion,
  promoteVersion,
  type PromotionDecision,
  promotionDecisions,
} from "shopflow/ml/registry/mod.ts";
import { leadingMetricText, type ModelDefinition } from "shopflow/ml/mod.ts";
import { MODELS } from "shopflow/models/mod.ts";
import { runCommand, textTable, withLogLevel } from "shopflow/cli/mod.ts";
import { metricText } from "../steps/train/decide_promotion.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { assertCompatible } from "../steps/compatibility.ts";
import { createContext, type PipelineContext } from "../context.ts";
import { addEvidenceCommands } from "./models/evidence.ts";
import { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { createRuntime, formatTimestamp } from "shopflow/runtime/mod.ts";

/** Decisions about versions for a terminal, in the order given. */
function historyText(decisions: PromotionDecision[]): string {
  if (decisions.length === 0) {
    return "No decisions yet: no version was trained since decisions are recorded.";
  }
  return decisions.map(decisionText).join("\n\n");
}

/** The reason of a rule, which is a part of other sentences, as one of its own. */
const asSentence = (reason: string) =>
  reason.charAt(0).toUpperCase() + reason.slice(1) + (/[.!?]$/.test(reason) ? "" : ".");

/** What was decided, why, and by which metrics. */
function decisionText(decision: PromotionDecision): string {
  const { version, champion, outcome, decidedAt, decidedBy, reason, run, testSet, metrics } = decision;
  const stayed = champion === null ? "" : `, ${champion} stayed champion`;
  const what = {
    promoted: `${version} became champion${champion === null ? "" : ` instead of ${champion}`}`,
    refused: `${version} was refused${stayed}`,
    held: `${version} waits for approval${stayed}`,
  }[outcome];
  const who = `${decidedBy === "person" ? ", by hand" : ""}${run === undefined ? "" : `, in ${run}`}`;
  return [
    `${formatTimestamp(decidedAt)}  ${what}${who}`,
    `  ${decidedBy === "person" ? reason : asSentence(reason)}`,
    ...(testSet === undefined ? [] : [`  tested on ${testSet}`]),
    ...metrics.map((metric) => `  ${metricText(metric)}`),
  ].join("\n");
}

/** The versions of models for a terminal. */
function versionsText(versions: ListedVersion[], models: readonly ModelDefinition[]): string {
  if (versions.length === 0) return "No model is trained yet. Run `deno task pipeline run train`.";
  return textTable(
    [
      { title: " " },
      { title: "model" },
      { title: "version" },
      { title: "trained (UTC)" },
      { title: "data before" },
      { title: "snapshot" },
      { title: "metrics" },
      { title: "" },
    ],
    versions.map((listed) => [
      listed.isChampion ? "*" : "",
      listed.card.name,
      listed.card.version,
      formatTimestamp(listed.card.trainedAt),
      listed.card.asOf,
      listed.card.snapshot,
      leadingMetrics(listed, models),
      stateOf(listed),
    ]),
  );
}

/** What a version is now, in a word or two. */
function stateOf({ card, isChampion, decision }: ListedVersion): string {
  if (isChampion) return "champion";
  if (isBaseline(card)) return "baseline";
  if (decision === undefined) return "no decision";
  return { refused: "refused", held: "waits for approval", promoted: "previous champion" }[decision.outcome];
}

function leadingMetrics({ card }: ListedVersion, models: readonly ModelDefinition[]): string {
  const model = models.find(({ name }) => name === card.name);
  const text = model && leadingMetricText(model, card.metrics);
  return text ?? (isBaseline(card) ? "" : "not measured");
}

/** A version for a terminal. */
function versionText(listed: ListedVersion): string {
  const { card, decision } = listed;
  return [
    `${card.name} ${card.version}: ${stateOf(listed)}`,
    `trained ${formatTimestamp(card.trainedAt)} on snapshot ${card.snapshot}, data before ${card.asOf}`,
    `files: ${card.files.join(", ")}`,
    "",
    decision === undefined ? "No decision about it is recorded." : decisionText(decision),
    "",
    textTable(
      [{ title: "metric" }, { title: "value", align: "right" }],
      Object.entries(card.metrics).map(([name, value]) => [
        name,
        Number.isInteger(value) ? String(value) : value.toFixed(4),
      ]),
    ),
  ].join("\n");
}

/**
 * Makes a version champion because a person says so, and keeps the reason.
 *
 * @throws {InputError} when there is no such version, it is already the champion, or no reason is given.
 * @throws {ModelError} when the version could not score, or another one became champion meanwhile.
 */
async function promoteByPerson(
  { store, runtime, config }: Pick<PipelineContext, "store" | "runtime" | "config">,
  { model, version, reason }: { model: string; version: string; reason: string },
  models: readonly ModelDefinition[],
): Promise<PromotionDecision> {
  if (reason.trim() === "") {
    throw new InputError("A promotion needs a reason", {
      expected: "words that tell others why, e.g. --reason 'the challenger was trained on a broken extract'",
      found: JSON.stringify(reason),
    });
  }
  const champion = await championVersion(store, model);
  // A champion that was damaged must not stand in the way of another.
  const onDamaged = ({ message }: Error) => runtime.log.warn(message);
  const { card } = await findVersion(store, model, version, { onDamaged });
  if (card.version === champion) {
    throw new InputError(`${model} ${card.version} is already the champion`, {
      expected: "another version; `deno task models list` has them",
      found: version,
    });
  }
  assertCompatible(
    models.find(({ name }) => name === model),
    await loadModelVersion(store, model, card.version),
  );
  const decision: PromotionDecision = {
    version: card.version,
    champion,
    outcome: "promoted",
    reason: reason.trim(),
    decidedAt: runtime.now().toISOString(),
    decidedBy: "person",
    metrics: [],
    ...(config.run && { run: config.run.name }),
  };
  await promoteVersion(store, model, card.version, { replaces: champion, decision });
  return decision;
}

/** Versions of models: `deno task models list [MODEL] | show MODEL [VERSION] | history MODEL | promote MODEL VERSION`. */

interface OutputFlags {
  json?: boolean;
}

/** The commands; what they say goes to `print`. */
export function createModelsProgram(
  context: () => PipelineContext,
  print: (text: string) => void = console.log,
  models: readonly ModelDefinition[] = MODELS,
): Command {
  const trained = models.filter(({ training }) => training !== undefined).map(({ name }) => name);
  const answer = (value: unknown, text: string, { json }: OutputFlags) =>
    print(json ? JSON.stringify(value, null, 2) : text);

  const program = withLogLevel(new Command("deno task models"))
    .description(
      "Inspect the trained models and choose which one scores.\n" +
        "`pipeline run train` lets a new version challenge the champion; a version that cannot be " +
        "compared waits for `promote`.\n" +
        "Name a version by a prefix of its id.",
    );
  program.command("list")
    .description("list the versions, newest first; * marks the champions")
    .argument("[model]", `${trained.join(", ")}; by default all`)
    .option("--json", "print JSON")
    .action(async (model: string | undefined, flags: OutputFlags) => {
      const { store, runtime } = context();
      const onDamaged = ({ message }: Error) => runtime.log.warn(message);
      const versions = await listVersions(store, model, { onDamaged });
      answer(versions, versionsText(versions, models), flags);
    });
  program.command("show")
    .description("show where a version came from, how good it is, and why it scores or not")
    .argument("<model>", trained.join(", "))
    .argument("[version]", "the version; default: the champion")
    .option("--json", "print JSON")
    .action(async (model: string, version: string | undefined, flags: OutputFlags) => {
      const found = await findVersion(context().store, model, version);
      answer(found, versionText(found), flags);
    });
  addEvidenceCommands(program, { context, print, models });
  program.command("history")
    .description("list promotion decisions and their reasons, newest first")
    .argument("<model>", trained.join(", "))
    .option("--json", "print JSON")
    .action(async (model: string, flags: OutputFlags) => {
      const { store } = context();
      const decisions = await promotionDecisions(store, model);
      // A misspelt name is no model without decisions.
      if (decisions.length === 0) await findVersion(store, model);
      answer(decisions, historyText(decisions), flags);
    });
  program.command("promote")
    .description(
      "make a version the champion, whatever its metrics; from then on only a version that is better " +
        "beyond chance replaces it",
    )
    .argument("<model>", trained.join(", "))
    .argument("<version>", "which version")
    .requiredOption("--reason <text>", "the reason, for the history")
    .option("--json", "print JSON")
    .action(async (model: string, version: string, flags: OutputFlags & { reason: string }) => {
      const decision = await promoteByPerson(context(), { model, version, reason: flags.reason }, models);
      const text =
        `${model} ${decision.version} is the champion${
          decision.champion === null ? "" : `; it replaces ${decision.champion}`
        }.\n` +
        "Scores and reports still come from the version they name; `deno task pipeline run score " +
        "publish` renews them.";
      answer(decision, text, flags);
    });
  return program;
}

if (import.meta.main) {
  await runCommand(async () => {
    const program = createModelsProgram(() => createContext(loadConfig(), createRuntime()));
    await program.parseAsync(Deno.args, { from: "user" });
  });
}
