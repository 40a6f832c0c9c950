import type { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { type LogEntry, notebookLog, type RunEntry } from "shopflow/notebook/versions/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { givenFile } from "../given_file.ts";
import { createContext } from "../context.ts";
import { formatTime, textTable } from "../text_table.ts";
import { wholeNumber } from "../whole_number.ts";

interface LogFlags {
  limit: number;
  json?: boolean;
}

/** `notebook log NAME`: the versions of a notebook. */
export function addLogCommand(program: Command): void {
  program.command("log")
    .description("list a notebook's commits and runs with the metrics that it reported, the newest first")
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
        formatTime(entry.time),
        "commit",
        entry.commit.slice(0, 10),
        "",
        `${entry.subject} (${entry.author})`,
      ]
      : [
        formatTime(entry.time),
        "run",
        entry.runId,
        entry.commit?.slice(0, 10) ?? "not committed",
        runText(entry),
      ]
  );
  return textTable([{ title: "time (UTC)" }, { title: "" }, { title: "id" }, { title: "of commit" }, {
    title: "what it says",
  }], rows);
}

function runText({ status, error, metrics, parameters }: RunEntry): string {
  if (status !== "succeeded") return `${status}${error ? `: ${error.split("\n")[0]}` : ""}`;
  const figures = Object.entries(metrics).map(([name, { value }]) => `${name} ${value}`);
  const given = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return [figures.join(", "), given.length > 0 ? `(${given.join(", ")})` : ""].filter((text) => text !== "")
    .join(" ");
}
