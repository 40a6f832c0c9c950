import { loadConfig } from "shopflow/config/mod.ts";
import { InputError, runCommand } from "shopflow/errors/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { Command } from "commander";
import { createContext, type Pipeline, type PipelineContext } from "./context.ts";
import { extract } from "./extract.ts";
import { publish } from "./publish.ts";
import { score } from "./score.ts";
import { train } from "./train.ts";
import { transform } from "./transform.ts";

/** Every pipeline in the order that `all` runs them. */
const PIPELINES: Record<string, { run: Pipeline; description: string }> = {
  extract: { run: extract, description: "copy the source databases into the lake's raw layer" },
  transform: { run: transform, description: "build, test and publish the star schema" },
  train: { run: train, description: "train the churn and recommendation models" },
  score: { run: score, description: "score customers and products, plan the inventory" },
  publish: { run: publish, description: "execute the notebooks and publish them as reports" },
};

/**
 * The pipelines that a name stands for.
 *
 * @throws {InputError} on an unknown name.
 */
export function pipelinesNamed(name: string): string[] {
  if (name === "all") return Object.keys(PIPELINES);
  if (name in PIPELINES) return [name];
  throw new InputError("Unknown pipeline", {
    expected: `all or one of ${Object.keys(PIPELINES).join(", ")}`,
    found: JSON.stringify(name),
  });
}

async function runPipelines(names: string[], context: PipelineContext): Promise<void> {
  const { log } = context.runtime;
  for (const name of names) {
    const started = performance.now();
    log.info(`${name}: ${PIPELINES[name]!.description}`);
    const { status, summary } = await PIPELINES[name]!.run(context);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    log.info(`${name}: ${status} in ${seconds} s. ${summary}\n`);
  }
}

function createProgram(): Command {
  const program = new Command("deno task pipeline")
    .description("Runs ShopFlow's pipelines, from the source databases to published reports.");
  program.command("list").description("show the pipelines").action(() => {
    for (const [name, { description }] of Object.entries(PIPELINES)) {
      console.log(`${name.padEnd(10)} ${description}`);
    }
  });
  program.command("run")
    .description("run pipelines by name, in the order given; `all` runs every one")
    .argument("<names...>", `all, ${Object.keys(PIPELINES).join(", ")}`)
    .option("--force", "work again although nothing changed since the last run", false)
    .action(async (names: string[], { force }: { force: boolean }) => {
      await runPipelines(names.flatMap(pipelinesNamed), createContext(loadConfig(), createRuntime(), force));
    });
  return program;
}

if (import.meta.main) {
  await runCommand(async () => {
    await createProgram().parseAsync(Deno.args, { from: "user" });
  });
}
