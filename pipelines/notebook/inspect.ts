import type { Command } from "commander";
import { describeParameters, readNotebook, readParameters } from "shopflow/notebook/mod.ts";
import { givenFile } from "../given_file.ts";

/** `notebook inspect FILE`: what a run may be given. */
export function addInspectCommand(program: Command): void {
  program.command("inspect")
    .description("print the parameters of a notebook")
    .argument("<file>", "the .ipynb file", givenFile)
    .action(inspect);
}

async function inspect(file: string): Promise<void> {
  const declared = readParameters(await readNotebook(file), file);
  console.log(declared.length === 0 ? `${file} has no parameters` : describeParameters(declared).join("\n"));
}
