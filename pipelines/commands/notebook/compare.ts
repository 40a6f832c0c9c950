import { type Command, Option } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import {
  compareNotebooks,
  differencePage,
  type DifferencePart,
  differenceText,
  findNotebook,
  type LogEntry,
  notebookAt,
  notebookLog,
  type RunEntry,
} from "shopflow/notebook/diff/mod.ts";
import { createRuntime, formatTimestamp } from "shopflow/runtime/mod.ts";
import { resolve } from "node:path";
import { givenFile, textTable, wholeNumber, writeOutputFile } from "shopflow/cli/mod.ts";
import { createContext } from "../../context.ts";
import { NotebookError } from "shopflow/errors/mod.ts";

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
      "the later one; default: the first file as it is now, compared with --from",
      givenFile,
    )
    .option("--from <revision>", "the revision of git to compare a single file with", "HEAD")
    .addOption(new Option("--only <parts...>", "which parts to compare").choices(parts))
    .option("--html <file>", "write a page that needs no network instead")
    .option("--json", "print JSON")
    .option("--exit-code", "exit with 1 if there are differences")
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

interface LogFlags {
  limit: number;
  json?: boolean;
}

/** `notebook log NAME`: the versions of a notebook. */
export function addLogCommand(program: Command): void {
  program.command("log")
    .description("list a notebook's commits and runs with the metrics that it reported, newest first")
    .argument("<notebook>", "the .ipynb file, or the name of one in notebooks/", givenFile)
    .option("--limit <number>", "how many", wholeNumber, 20)
    .option("--json", "print JSON")
    .action(log);
}

async function log(name: string, { limit, json }: LogFlags): Promise<void> {
  const file = name.endsWith(".ipynb") ? name : `notebooks/${name}.ipynb`;
  const entries = await notebookLog(file, createContext(loadConfig(), createRuntime()), { limit });
  if (json) return console.log(JSON.stringify(entries, null, 2));
  if (entries.length > 0) return console.log(logText(entries));
  throw new NotebookError(`${file} has no versions`, {
    expected: "a notebook in git, or one that was run",
    found: "neither commits nor runs",
  });
}

function logText(entries: LogEntry[]): string {
  const rows = entries.map((entry) =>
    entry.kind === "commit"
      ? [
        formatTimestamp(entry.time),
        "commit",
        entry.commit.slice(0, 10),
        "",
        `${entry.subject} (${entry.author})`,
      ]
      : [
        formatTimestamp(entry.time),
        "run",
        entry.runId,
        entry.commit?.slice(0, 10) ?? "not committed",
        runText(entry),
      ]
  );
  return textTable([{ title: "time" }, { title: "" }, { title: "id" }, { title: "of commit" }, {
    title: "details",
  }], rows);
}

function runText({ status, error, metrics, parameters }: RunEntry): string {
  if (status !== "succeeded") return `${status}${error ? `: ${error.split("\n")[0]}` : ""}`;
  const values = Object.entries(metrics).map(([name, { value }]) => `${name} ${value}`);
  const given = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return [values.join(", "), given.length > 0 ? `(${given.join(", ")})` : ""].filter((text) => text !== "")
    .join(" ");
}
