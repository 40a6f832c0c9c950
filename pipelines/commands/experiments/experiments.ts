/** Trials of experiments: `deno task experiments list | show | best | compare | plot | export`. */
import { Command, Option } from "commander";
import { runCommand, wholeNumber, withLogLevel, writeOutputFile } from "shopflow/cli/mod.ts";
import { loadConfig } from "shopflow/config/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  bestFirst,
  compareTrials,
  type Direction,
  fieldValue,
  findField,
  findMetric,
  findTrial,
  learningCurves,
  listExperiments,
  listTrials,
  parallelCoordinates,
  sortTrials,
  type Trial,
  usualDirection,
  whereTrials,
} from "shopflow/ml/experiments/mod.ts";
import { renderSvg } from "shopflow/notebook/charts/mod.ts";
import { countOf, createRuntime, escapeHtml } from "shopflow/runtime/mod.ts";
import { createContext, type PipelineContext } from "../../context.ts";
import { exportToMlflow } from "./export_to_mlflow.ts";
import { bestText, comparisonText, experimentsText, trialsText, trialText } from "./text.ts";

interface OutputFlags {
  json?: boolean;
}

interface ChoiceFlags {
  where: string[];
}

interface OrderFlags {
  highest?: boolean;
  lowest?: boolean;
}

const names = (text: string) => text.split(",").map((name) => name.trim()).filter((name) => name !== "");
const repeated = (text: string, before: string[]) => [...before, text];

/** The commands; what they say goes to `print`. */
export function createExperimentsProgram(
  context: () => Pick<PipelineContext, "store" | "runtime">,
  print: (text: string) => void = console.log,
): Command {
  const answer = (value: unknown, text: string, { json }: OutputFlags) =>
    print(json ? JSON.stringify(value, null, 2) : text);

  /** The trials of an experiment, or of all, that meet the conditions. */
  async function chosen(experiment: string | undefined, { where }: ChoiceFlags): Promise<Trial[]> {
    const { store, runtime } = context();
    if (experiment !== undefined) await requireExperiment(store, experiment);
    const onDamaged = ({ message }: Error) => runtime.log.warn(message);
    return whereTrials(await listTrials(store, experiment, { onDamaged }), where);
  }

  const program = withLogLevel(new Command("deno task experiments"))
    .description(
      "List, compare and draw the trials that notebooks, scripts and trainings logged.\n" +
        "`experiment.log` of a notebook or script stores a trial; `pipeline run train` stores one of each training.\n" +
        "Name a trial by a prefix of its id.",
    );
  /** A command that looks at the trials of an experiment. */
  const onTrials = (name: string) =>
    program.command(name)
      .argument("[experiment]", "name of the experiment; default: all")
      .addOption(
        new Option(
          "--where <condition>",
          "only trials that meet it, e.g. depth=3 or 'active_auc>=0.8'; may be repeated",
        )
          .argParser(repeated).default([], "all trials"),
      );

  onTrials("list")
    .description("list the experiments; of one, its trials, newest first")
    .option("--sort <name>", "order by a parameter or metric, e.g. active_auc, instead")
    .option("--descending", "the largest first, with --sort")
    .option(
      "--columns <names>",
      "parameters and metrics to show, e.g. depth,auc; default: those that differ",
      names,
    )
    .option("--limit <count>", "most trials to list", wholeNumber, 50)
    .option("--json", "print JSON, with all trials")
    .action(async (experiment: string | undefined, flags: ListFlags) => {
      if (experiment === undefined && flags.where.length === 0 && flags.sort === undefined) {
        const experiments = await listExperiments(context().store);
        return answer(experiments, experimentsText(experiments), flags);
      }
      const trials = await chosen(experiment, flags);
      const sorted = flags.sort === undefined
        ? trials
        : sortTrials(trials, findField(trials, flags.sort), flags.descending === true);
      answer(sorted, trialsText(sorted, flags.limit, flags.columns), flags);
    });
  program.command("show")
    .description("show a trial: parameters, metrics, where it comes from")
    .argument("<trial>", "id of the trial")
    .option("--json", "print JSON")
    .action(async (id: string, flags: OutputFlags) => {
      const trial = await findTrial(context().store, id);
      answer(trial, trialText(trial), flags);
    });
  onTrials("best")
    .description("show the best trials by a metric")
    .requiredOption("--by <metric>", "the metric, e.g. active_auc")
    .option("--highest", "the highest is best; default, but for losses and errors")
    .option("--lowest", "the lowest is best")
    .option("--limit <count>", "most trials to show", wholeNumber, 5)
    .option("--json", "print JSON")
    .action(async (experiment: string | undefined, flags: BestFlags) => {
      const trials = await chosen(experiment, flags);
      const metric = findMetric(trials, flags.by), direction = directionOf(metric, flags);
      const order = bestFirst(trials, metric, direction);
      const found = order.slice(0, flags.limit);
      answer(found, bestText(found, { metric, direction, among: order.length }), flags);
    });
  program.command("compare")
    .description(
      "compare trials with the first of them: parameters, metrics and, of trials that logged their predictions, the " +
        "differences on the same rows with 95 % intervals",
    )
    .argument("<first>", "id of a trial")
    .argument("<others...>", "ids of the others")
    .option("--json", "print JSON")
    .action(async (first: string, others: string[], flags: OutputFlags) => {
      const { store } = context();
      const trials = await Promise.all([first, ...others].map((id) => findTrial(store, id)));
      const [one, ...rest] = trials as [Trial, ...Trial[]];
      const compared = await Promise.all(rest.map((other) => compareTrials(store, other, one)));
      answer({ trials, compared }, comparisonText(trials, compared), flags);
    });
  onTrials("plot")
    .description("draw the trials as parallel coordinates, or a metric step by step, as an SVG file")
    .requiredOption("--by <metric>", "the metric that trials are judged by, e.g. active_auc")
    .requiredOption("--to <file>", "file to write, e.g. trials.svg")
    .option("--steps", "draw the metric step by step instead, of trials that were logged with steps")
    .option("--highest", "the highest is best; default, but for losses and errors")
    .option("--lowest", "the lowest is best")
    .action(async (experiment: string | undefined, flags: PlotFlags) => {
      const trials = await chosen(experiment, flags);
      const metric = findMetric(trials, flags.by), direction = directionOf(metric, flags);
      const measured = trials.filter((trial) =>
        fieldValue(trial, { kind: "metrics", name: metric }) !== undefined &&
        (!flags.steps || trial.steps !== undefined)
      );
      if (measured.length === 0) {
        throw new InputError("No trial was logged with steps", {
          expected: "experiment.log({ parameters, metrics, step }) for each step",
          found: `${countOf(trials.length, "trial")} without`,
        });
      }
      const draw = flags.steps ? learningCurves : parallelCoordinates;
      const picture = draw(measured, { metric, direction });
      await writeOutputFile(flags.to, named(await renderSvg(picture, { width: 1100 }), picture.description));
      print(`${countOf(measured.length, "trial")} drawn to ${flags.to}`);
    });
  onTrials("export")
    .description(
      "write the trials as runs in MLflow's file layout; `mlflow ui --backend-store-uri DIR` shows them. " +
        "A later export to the same folder adds new trials",
    )
    .requiredOption("--to <folder>", "folder to write, e.g. mlruns")
    .action(async (experiment: string | undefined, flags: ChoiceFlags & { to: string }) => {
      const { store } = context();
      const trials = await chosen(experiment, flags);
      const { experiments } = await exportToMlflow(store, trials, flags.to);
      print(
        `${countOf(trials.length, "trial")} of ${
          countOf(experiments, "experiment")
        } exported to ${flags.to}\n` +
          `Look at them with \`MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri ${flags.to}\`.`,
      );
    });
  return program;
}

type ListFlags = OutputFlags & ChoiceFlags & {
  sort?: string;
  descending?: boolean;
  limit: number;
  columns?: string[];
};
type BestFlags = OutputFlags & ChoiceFlags & OrderFlags & { by: string; limit: number };
type PlotFlags = ChoiceFlags & OrderFlags & { by: string; to: string; steps?: boolean };

/** A picture that says to screen readers what it shows. */
const named = (svg: string, text = "") =>
  svg.replace("<svg", `<svg role="img" aria-label="${escapeHtml(text)}"`);

function directionOf(metric: string, { highest, lowest }: OrderFlags): Direction {
  if (highest && lowest) {
    throw new InputError("The best cannot be both", { expected: "--highest or --lowest", found: "both" });
  }
  return highest ? "highest" : lowest ? "lowest" : usualDirection(metric);
}

/** @throws {InputError} when there is no experiment of that name, with those that there are. */
async function requireExperiment(store: ObjectStore, name: string): Promise<void> {
  const names = (await listExperiments(store)).map((experiment) => experiment.name);
  if (names.includes(name)) return;
  throw new InputError("There is no experiment of that name", {
    expected: names.map((one) => JSON.stringify(one)).join(" or ") ||
      "an experiment; there is none yet, log one with experiment.log in a notebook",
    found: JSON.stringify(name),
  });
}

if (import.meta.main) {
  await runCommand(async () => {
    const program = createExperimentsProgram(() => createContext(loadConfig(), createRuntime()));
    await program.parseAsync(Deno.args, { from: "user" });
  });
}
