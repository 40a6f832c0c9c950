import { type Command, Option } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import {
  compareNotebooks,
  differencePage,
  type DifferencePart,
  differenceText,
  findNotebook,
  notebookAt,
} from "shopflow/notebook/versions/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { resolve } from "node:path";
import { givenFile } from "../given_file.ts";
import { createContext } from "../context.ts";
import { writeOutputFile } from "../output_file.ts";

interface DiffFlags {
  from: string;
  only?: DifferencePart[];
  html?: string;
  json?: boolean;
  exitCode?: boolean;
}

/** `notebook diff A B`: what changed between two notebooks, cell by cell. */
export function addDiffCommand(program: Command): void {
  const parts = ["source", "outputs", "metadata"];
  program.command("diff")
    .description(
      "show what changed between two notebooks, cell by cell\n" +
        "A notebook is a file, <revision>:<path> of git (HEAD~1:notebooks/churn.ipynb), or the id of a run.",
    )
    .argument("<before>", "the earlier notebook", givenFile)
    .argument(
      "[after]",
      "the later one; without it, the first as it is now is compared with --from",
      givenFile,
    )
    .option("--from <revision>", "the revision of git to compare a single file with", "HEAD")
    .addOption(new Option("--only <parts...>", "what to look at").choices(parts))
    .option("--html <file>", "write a page that needs no network instead")
    .option("--json", "print JSON")
    .option("--exit-code", "end with 1 when there are differences")
    .action(diff);
}

async function diff(first: string, second: string | undefined, flags: DiffFlags): Promise<void> {
  const { store } = createContext(loadConfig(), createRuntime());
  const before = second === undefined
    ? await notebookAt(flags.from, first)
    : await findNotebook(first, store);
  const after = await findNotebook(second ?? first, store);
  const difference = compareNotebooks(
    before.notebook,
    after.notebook,
    flags.only ? { parts: flags.only } : {},
  );
  const names = { before: before.name, after: after.name };
  if (flags.html !== undefined) {
    await writeOutputFile(flags.html, differencePage(difference, names));
    console.log(resolve(flags.html));
  } else if (flags.json) console.log(JSON.stringify({ ...names, ...difference }, null, 2));
  else {
    const colour = Deno.stdout.isTerminal() && !Deno.noColor;
    console.log(differenceText(difference, names, { colour }));
  }
  if (flags.exitCode && difference.cells.length + difference.metadata.length > 0) Deno.exitCode = 1;
}
