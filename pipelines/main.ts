import { loadConfig } from "shopflow/config/mod.ts";
import { InputError, PipelineError, ShopFlowError } from "shopflow/errors/mod.ts";
import { runCommand, withLogLevel } from "shopflow/cli/mod.ts";
import { countOf, createRuntime } from "shopflow/runtime/mod.ts";
import { Command } from "commander";
import { checkData } from "./steps/check_data.ts";
import { collectGarbage } from "./steps/collect_garbage.ts";
import { createContext, type Pipeline, type PipelineContext } from "./context.ts";
import { extract } from "./steps/extract/extract.ts";
import { publish } from "./steps/publish/publish.ts";
import { scoreModels } from "./steps/score/score.ts";
import { trainModels } from "./steps/train/train.ts";
import { transform } from "./steps/transform.ts";

interface NamedPipeline {
  run: Pipeline;
  description: string;
  /** What comes after has nothing new to work on when this fails. */
  isBasis?: boolean;
  /** Looks after the lake, and is no step from sources to reports: `all` leaves it out. */
  isUpkeep?: boolean;
}

/** Every pipeline, the steps in the order that `all` runs them. */
const PIPELINES: Record<string, NamedPipeline> = {
  extract: {
    run: extract,
    description: "copy the source databases into the lake's raw layer",
    isBasis: true,
  },
  transform: { run: transform, description: "build, test and publish the star schema", isBasis: true },
  train: { run: trainModels(), description: "train the models, and promote those that are good enough" },
  score: { run: scoreModels(), description: "score customers and products, plan the inventory" },
  publish: { run: publish, description: "execute the notebooks and publish them as reports" },
  "check-data": {
    run: checkData,
    description: "test the published data, its freshness, and blocked publishes",
    isUpkeep: true,
  },
  "collect-garbage": {
    run: collectGarbage,
    description: "remove old snapshots, unused files and old logs",
    isUpkeep: true,
  },
};

/**
 * The pipelines that a name stands for.
 *
 * @throws {InputError} on an unknown name.
 */
export function pipelinesNamed(name: string): string[] {
  if (name === "all") return Object.keys(PIPELINES).filter((one) => !PIPELINES[one]!.isUpkeep);
  if (Object.hasOwn(PIPELINES, name)) return [name];
  throw new InputError("Unknown pipeline", {
    expected: `all or one of ${Object.keys(PIPELINES).join(", ")}`,
    found: JSON.stringify(name),
  });
}

/**
 * Runs pipelines in order. When training, scoring or publishing fails, or a part of extracting, the later ones still
 * run, so that reports and the other models stay current.
 *
 * @throws {ShopFlowError} at the end, when one failed.
 */
async function runPipelines(names: string[], context: PipelineContext): Promise<void> {
  const { log } = context.runtime;
  const { run: served } = context.config;
  if (served) log.info(`for the run ${served.name}, data from ${served.from} to ${served.to}`);
  const failed: string[] = [];
  const reasons: string[] = [];
  for (const name of names) {
    const { run, description, isBasis } = PIPELINES[name]!;
    const started = performance.now();
    log.info(`${name}: ${description}`);
    try {
      const { status, summary, problems = [] } = await run(context);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      log.info(`${name}: ${status} in ${seconds} s. ${summary}\n`);
      for (const { message } of problems) log.warn(`a part of ${name} was left out. ${message}\n`);
      if (problems.length > 0) failed.push(`${countOf(problems.length, "part")} of ${name}`);
      reasons.push(...problems.map(({ message }) => message));
    } catch (error) {
      if (isBasis || names.length === 1 || !(error instanceof ShopFlowError)) throw error;
      failed.push(name);
      reasons.push(error.message);
      log.warn(`${name} failed. ${error.message}\n`);
    }
  }
  if (failed.length === 0) return;
  throw new PipelineError(`${failed.join(" and ")} failed; everything else is done`, {
    // Who sees only this line, as in the list of runs, has to know why.
    found: reasons.join("; "),
    remedy: "After a correction, the same command does what is missing.",
  });
}

const WIDTH = Math.max(...Object.keys(PIPELINES).map((name) => name.length));

interface RunFlags {
  force: boolean;
  fullRefresh: boolean;
  promote?: boolean;
  churnHorizon?: string;
  searchTrials?: string;
}

function createProgram(): Command {
  const program = withLogLevel(new Command("deno task pipeline"))
    .description("Run ShopFlow's pipelines, from the source databases to published reports.");
  program.command("list").description("show the pipelines").action(() => {
    for (const [name, { description }] of Object.entries(PIPELINES)) {
      console.log(`${name.padEnd(WIDTH)} ${description}`);
    }
  });
  program.command("run")
    .description("run pipelines by name, in the order given; `all` goes from the sources to the reports")
    .argument("<names...>", `all, ${Object.keys(PIPELINES).join(", ")}`)
    .option("--force", "run even if nothing changed since the last run", false)
    .option(
      "--full-refresh",
      "let extract read all rows of the sources instead of those that may have changed",
      false,
    )
    .option(
      "--no-promote",
      "let train keep its new versions as challengers; `deno task models promote` makes one the champion",
    )
    .option("--promote", "let train promote by the rule; default: what SHOPFLOW_PROMOTION says")
    .option("--churn-horizon <days>", "days the churn model looks ahead: 30, 60 or 90; default: the setting")
    .option(
      "--search-trials <number>",
      "combinations of hyper-parameters that train tries for the churn model; default: the setting",
    )
    .action(async (names: string[], { promote, churnHorizon, searchTrials, ...options }: RunFlags) => {
      const config = loadConfig({
        ...Deno.env.toObject(),
        ...(churnHorizon !== undefined && { SHOPFLOW_CHURN_HORIZON_DAYS: churnHorizon }),
        ...(searchTrials !== undefined && { SHOPFLOW_SEARCH_TRIALS: searchTrials }),
      });
      const context = createContext(config, createRuntime(), {
        ...options,
        ...(promote !== undefined && { promotes: promote }),
      });
      await runPipelines(names.flatMap(pipelinesNamed), context);
    });
  return program;
}

if (import.meta.main) {
  await runCommand(async () => {
    await createProgram().parseAsync(Deno.args, { from: "user" });
  });
}
