import type { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { listRuns, runStatus, snapshotRead } from "shopflow/notebook/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { createContext } from "../context.ts";
import { textTable } from "../text_table.ts";
import { wholeNumber } from "../whole_number.ts";

/** `notebook runs [NAME]`: what ran, runs, failed or was killed. */
export function addRunsCommand(program: Command): void {
  program.command("runs")
    .description("list the latest runs, the newest first")
    .argument("[notebook]", "only this notebook's, e.g. churn")
    .option("--limit <count>", "how many at most", wholeNumber, 20)
    .action(runs);
}

async function runs(notebook: string | undefined, { limit }: { limit: number }): Promise<void> {
  const runtime = createRuntime();
  const { store } = createContext(loadConfig(), runtime);
  const onUnreadable = ({ message }: Error) => runtime.log.warn(message);
  const records = await listRuns(store, { notebook, limit, onUnreadable });
  if (records.length === 0) return console.log(notebook ? `${notebook} never ran` : "no notebook ever ran");
  const now = runtime.now();
  const columns = ["run", "notebook", "status", "time", "snapshot", "why"].map((title) => ({ title }));
  const rows = records.map((record) => [
    record.runId,
    record.notebook,
    runStatus(record, now),
    `${(record.milliseconds / 1000).toFixed(1)} s`,
    snapshotRead(record) ?? "–",
    record.failure ? `${record.failure.ename}: ${record.failure.evalue.split("\n")[0]!.slice(0, 60)}` : "",
  ]);
  console.log(textTable(columns, rows));
}
