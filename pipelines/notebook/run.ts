import type { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { runNotebook } from "shopflow/notebook/runner.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { givenFile } from "../given_file.ts";
import { createContext } from "../context.ts";
import { addRunFlags, limitsOf, parameterOption, type RunFlags } from "./run_flags.ts";
import { finishRun } from "./finish_run.ts";

/** `notebook run FILE`: an execution that is kept in the lake, with its page. */
export function addRunCommand(program: Command): void {
  const command = program.command("run")
    .description("run a notebook from top to bottom, keep the executed copy and its page in the lake")
    .argument("<file>", "the .ipynb file", givenFile)
    .addOption(parameterOption("replace a parameter; may be repeated"));
  addRunFlags(command).action(run);
}

async function run(file: string, flags: RunFlags & { parameter: string[] }): Promise<void> {
  const context = createContext(loadConfig(), createRuntime());
  const run = await runNotebook(file, context, {
    assignments: flags.parameter,
    ...limitsOf(flags),
    onStart: ({ parameters, parameterRules = {} }) => {
      for (const [name, value] of Object.entries(parameters)) {
        const rule = parameterRules[name];
        context.runtime.log.info(`${name} = ${JSON.stringify(value)}${rule ? ` (rule: ${rule})` : ""}`);
      }
      return Promise.resolve();
    },
  });
  await finishRun(run, context.store, flags);
}
