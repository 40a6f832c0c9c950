import { type Command, InvalidArgumentError, Option } from "commander";
import {
  type ExecuteOptions,
  listRuns,
  type NotebookRun,
  type Rerun,
  rerunNotebook,
  runNotebook,
  runStatus,
  snapshotRead,
} from "shopflow/notebook/run/mod.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { loadConfig } from "shopflow/config/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { givenFile, textTable, wholeNumber } from "shopflow/cli/mod.ts";
import { createContext } from "../../context.ts";

/** The flags of commands that execute a notebook. */
export interface LimitFlags {
  /** Milliseconds. */
  cellTimeout?: number;
  /** Milliseconds. */
  timeout?: number;
  /** False for `--no-check`. */
  check: boolean;
}

/** The flags of commands that keep the run, too. */
interface RunFlags extends LimitFlags {
  /** False for `--no-page`. */
  page: boolean;
}

/** Adds the flags of {@linkcode RunFlags}. */
function addRunFlags(command: Command): Command {
  return addLimitFlags(command).option("--no-page", "keep only the executed notebook, without its page");
}

/** Adds the flags of {@linkcode LimitFlags}; times are given in seconds and kept in milliseconds. */
export function addLimitFlags(command: Command): Command {
  return command
    .option("--cell-timeout <seconds>", "stop a cell that takes longer (default: 600)", seconds)
    .option("--timeout <seconds>", "stop the notebook if it takes longer (default: 3600)", seconds)
    .option("--no-check", "run without checking types first");
}

/** `-p name=value`, any number of times. */
export const parameterOption = (description: string): Option =>
  new Option("-p, --parameter <name=value>", description)
    .argParser((value: string, before: string[]) => [...before, value]).default([]);

/** The limits of an execution that flags stand for. */
export const limitsOf = ({ cellTimeout, timeout, check }: LimitFlags): ExecuteOptions => ({
  cellTimeout,
  timeout,
  check,
});

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("Give a number of seconds above 0.");
  return value * 1000;
}

/**
 * Prints where a run's notebook and page are.
 *
 * @throws {NotebookError} when the run failed.
 */
async function finishRun(
  { notebook, record, key }: NotebookRun,
  store: ObjectStore,
  { page }: Pick<RunFlags, "page">,
): Promise<void> {
  console.log(await store.localPath(key));
  if (page) {
    const { renderPage } = await import("shopflow/notebook/report/mod.ts");
    const pageKey = key.replace(/\.ipynb$/, ".html");
    await store.put(pageKey, new TextEncoder().encode((await renderPage(notebook)).html));
    console.log(await store.localPath(pageKey));
  }
  if (!record.failure) return;
  const { cellId, ename, evalue } = record.failure;
  const failed = notebook.cells.filter((cell) =>
    cell.cell_type === "code" && cell.outputs.some(({ output_type }) => output_type === "error")
  );
  const where = cellId === "" ? "before its first cell" : `in cell ${cellId}`;
  const more = failed.length > 1 ? ` (and in ${failed.length - 1} more cells)` : "";
  throw new NotebookError(`${record.path} ${record.status} ${where}${more}: ${ename}: ${evalue}`);
}

/** `notebook run FILE`: an execution that is kept in the lake, with its page. */
export function addRunCommand(program: Command): void {
  const command = program.command("run")
    .description("run a notebook from top to bottom, keep the executed copy and its page in the lake")
    .argument("<file>", "the .ipynb file", givenFile)
    .addOption(parameterOption("set a parameter; may be repeated"));
  addRunFlags(command).action(run);
}

async function run(file: string, flags: RunFlags & { parameter: string[] }): Promise<void> {
  const context = createContext(loadConfig(), createRuntime());
  const run = await runNotebook(file, context, {
    assignments: flags.parameter,
    ...limitsOf(flags),
    command: "notebook run",
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

/** `notebook rerun RUN_ID`: whether a run gives the same once more. */
export function addRerunCommand(program: Command): void {
  const command = program.command("rerun")
    .description("repeat a run on the same snapshot, and report whether the outputs are equal")
    .argument("<run-id>", "id of a run, or its beginning");
  addRunFlags(command).action(rerun);
}

async function rerun(runId: string, flags: RunFlags): Promise<void> {
  const context = createContext(loadConfig(), createRuntime());
  const result = await rerunNotebook(runId, context, limitsOf(flags));
  const { before, record, differences } = result;
  for (const line of describe(result)) console.log(line);
  // A run that failed and fails again in the same way is repeated, too.
  const sameFailure = before.failure && differences.length === 0 && record.status === before.status;
  await finishRun(
    sameFailure ? { ...result, record: { ...record, failure: undefined } } : result,
    context.store,
    flags,
  );
  if (differences.length === 0) return;
  throw new NotebookError(`The outputs of ${differences.length} cells are not those of ${before.runId}`, {
    found: differences.map(({ cell, cellId, parts }) => `cell ${cell} (${cellId}): ${parts.join(", ")}`).join(
      "; ",
    ),
  });
}

function describe({ before, record, differences, otherLineage }: Rerun): string[] {
  const snapshot = snapshotRead(record);
  const commit = ({ commit, uncommitted }: typeof record) =>
    commit === undefined ? "no commit" : `commit ${commit.slice(0, 12)}${uncommitted ? " with changes" : ""}`;
  return [
    `${record.path}, run ${before.runId} of ${before.startedAt} (${before.status}), repeated as ${record.runId} (${record.status})`,
    `data: ${snapshot ? `snapshot ${snapshot}` : "none of the lake"}; code: ${commit(before)} then, ${
      commit(record)
    } now`,
    ...otherLineage.map(({ kind, name, version }) => `read now, not then: ${kind} ${name} ${version}`),
    `outputs: ${differences.length === 0 ? "equal" : "different"}`,
  ];
}

/** `notebook runs [NAME]`: what ran, runs, failed or was killed. */
export function addRunsCommand(program: Command): void {
  program.command("runs")
    .description("list the latest runs, newest first")
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
    record.failure
      ? `${record.failure.ename}: ${record.failure.evalue.replace(/\n[^]*/, "").slice(0, 60)}`
      : "",
  ]);
  console.log(textTable(columns, rows));
}
