import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { NotebookError } from "shopflow/errors/mod.ts";
import {
  cleanNotebook,
  describeParameters,
  formatNotebook,
  parseNotebook,
  readNotebook,
  readNotebookText,
  readParameters,
  readReport,
  replaceFiles,
  unreadLines,
} from "shopflow/notebook/mod.ts";
import { findDuplicatedNames, libraryNames } from "shopflow/notebook/promote/mod.ts";
import { join } from "node:path";
import { givenFile, givenFiles } from "shopflow/cli/mod.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** `notebook check FILES`: notebooks import what `lib/` has instead of defining it again. */
export function addCheckCommand(program: Command): void {
  program.command("check")
    .description("fail if a notebook defines a name that lib/ exports")
    .argument("[files...]", "the .ipynb files; default those in notebooks/", givenFiles)
    .action(check);
}

async function check(given: string[]): Promise<void> {
  const files = given.length > 0 ? given : await notebooks();
  const library = await libraryNames(ROOT);
  const found: string[] = [];
  for (const file of files) {
    for (const { cellId, name, specifier } of findDuplicatedNames(await readNotebook(file), library)) {
      found.push(`${name} of ${specifier} in cell ${cellId} of ${file}`);
    }
  }
  if (found.length === 0) return console.log(`${files.length} notebooks define no name that lib/ exports`);
  throw new NotebookError("Notebooks define names that lib/ exports", {
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

/** `notebook inspect FILE`: what a run may be given. */
export function addInspectCommand(program: Command): void {
  program.command("inspect")
    .description("print the parameters of a notebook, and the rules that fill them")
    .argument("<file>", "the .ipynb file", givenFile)
    .action(inspect);
}

async function inspect(file: string): Promise<void> {
  const notebook = await readNotebook(file);
  const declared = readParameters(notebook);
  const lines = describeParameters(declared, readReport(notebook, declared, file));
  const unread = unreadLines(notebook);
  console.log(lines.length === 0 ? `${file} has no parameters that a run can be given` : lines.join("\n"));
  if (unread.length === 0) return;
  console.log(
    `Not read as parameters, since they are no constant with a string, number or boolean in one line:`,
  );
  for (const line of unread) console.log(`  ${line}`);
}

/** `notebook clean FILES`: notebooks as they belong in version control. */
export function addCleanCommand(program: Command): void {
  program.command("clean")
    .description("remove outputs and traces of runs, for version control")
    .argument("<files...>", "the .ipynb files", givenFiles)
    .option("--check", "change nothing, but fail if a notebook is not clean")
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
