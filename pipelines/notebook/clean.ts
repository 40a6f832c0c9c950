import type { Command } from "commander";
import { NotebookError } from "shopflow/errors/mod.ts";
import {
  cleanNotebook,
  formatNotebook,
  parseNotebook,
  readNotebookText,
  replaceFiles,
} from "shopflow/notebook/mod.ts";
import { givenFiles } from "../given_file.ts";

/** `notebook clean FILES`: notebooks as they belong in version control. */
export function addCleanCommand(program: Command): void {
  program.command("clean")
    .description("remove outputs and traces of runs, as version control wants it")
    .argument("<files...>", "the .ipynb files", givenFiles)
    .option("--check", "change nothing, but fail when something is to be cleaned")
    .action(clean);
}

async function clean(files: string[], { check = false }: { check?: boolean }): Promise<void> {
  const unclean: string[] = [];
  for (const file of files) {
    const before = await readNotebookText(file);
    const after = formatNotebook(cleanNotebook(parseNotebook(before, file)));
    if (after === before) continue;
    unclean.push(file);
    if (!check) await replaceFiles([{ path: file, before, after }]);
  }
  if (!check) return console.log(unclean.length === 0 ? "nothing to clean" : `cleaned ${unclean.join(", ")}`);
  if (unclean.length === 0) return;
  throw new NotebookError("Notebooks carry outputs or traces of runs", {
    found: unclean.join(", "),
    remedy: `Run \`deno task notebook clean ${unclean.join(" ")}\`.`,
  });
}
