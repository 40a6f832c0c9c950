import type { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { parseAssignments, readNotebook, readParameters, runNotebook } from "shopflow/notebook/runner.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { createContext } from "../context.ts";
import { addRunFlags, limitsOf, type RunFlags } from "./run_flags.ts";
import { finishRun } from "./finish_run.ts";

/** `notebook run FILE`: an execution that is kept in the lake, with its page. */
export function addRunCommand(program: Command): void {
  const command = program.command("run")
    .description("run a notebook from top to bottom, keep the executed copy and its page in the lake")
    .argument("<file>", "the .ipynb file")
    .option("-p, --parameter <name=value>", "replace a parameter; may be repeated", collect, []);
  addRunFlags(command).action(run);
}

async function run(file: string, flags: RunFlags & { parameter: string[] }): Promise<void> {
  const context = createContext(loadConfig(), createRuntime());
  const parameters = flags.parameter.length === 0
    ? {}
    : parseAssignments(readParameters(await readNotebook(file), file), flags.parameter);
  const run = await runNotebook(file, context, { parameters, ...limitsOf(flags) });
  await finishRun(run, context.store, flags);
}

const collect = (value: string, before: string[]) => [...before, value];
