import type { Command } from "commander";
import {
  describeParameters,
  readNotebook,
  readParameterRules,
  readParameters,
} from "shopflow/notebook/mod.ts";
import { givenFile } from "../given_file.ts";

/** `notebook inspect FILE`: what a run may be given. */
export function addInspectCommand(program: Command): void {
  program.command("inspect")
    .description("print the parameters of a notebook, and the rules that fill them")
    .argument("<file>", "the .ipynb file", givenFile)
    .action(inspect);
}

async function inspect(file: string): Promise<void> {
  const notebook = await readNotebook(file);
  const declared = readParameters(notebook, file);
  const rules = readParameterRules(notebook, declared, file);
  const lines = describeParameters(declared, rules);
  console.log(lines.length === 0 ? `${file} has no parameters` : lines.join("\n"));
}
