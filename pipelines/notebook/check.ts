import type { Command } from "commander";
import { NotebookError } from "shopflow/errors/mod.ts";
import { readNotebook } from "shopflow/notebook/mod.ts";
import { findRedefinitions, libraryNames } from "shopflow/notebook/promotion/mod.ts";
import { join } from "node:path";
import { givenFiles } from "../given_file.ts";

const ROOT = join(import.meta.dirname!, "..", "..");

/** `notebook check FILES`: notebooks import what `lib/` has instead of defining it again. */
export function addCheckCommand(program: Command): void {
  program.command("check")
    .description("fail when a notebook defines what lib/ exports already")
    .argument("[files...]", "the .ipynb files; default those in notebooks/", givenFiles)
    .action(check);
}

async function check(given: string[]): Promise<void> {
  const files = given.length > 0 ? given : await notebooks();
  const library = await libraryNames(ROOT);
  const found: string[] = [];
  for (const file of files) {
    for (const { cellId, name, specifier } of findRedefinitions(await readNotebook(file), library)) {
      found.push(`${name} of ${specifier} in cell ${cellId} of ${file}`);
    }
  }
  if (found.length === 0) return console.log(`${files.length} notebooks define nothing that lib/ has`);
  throw new NotebookError("Notebooks define what lib/ has", {
    expected: "imports",
    found: found.join("; "),
    remedy: "Import it, or give the notebook's own another name.",
  });
}

async function notebooks(): Promise<string[]> {
  const folder = join(ROOT, "notebooks");
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  return names.filter((name) => name.endsWith(".ipynb")).toSorted().map((name) => join(folder, name));
}
