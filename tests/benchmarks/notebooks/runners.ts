/**
 * Our runner beside papermill and `nbconvert --execute` on the same Deno kernel, each as a command from start to end,
 * taking turns. Prints its part of documentation/reference/benchmarks.md. Needs SHOPFLOW_TEST_JUPYTER.
 */
import { InputError } from "shopflow/errors/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { createChurnLake } from "../../fixtures/churn_lake.ts";
import { writeNotebook } from "../../lib/notebook/write_notebook.ts";
import { TEST_JUPYTER } from "../../requirements.ts";
import { countLost, writeMixedCells } from "./mixed_cells.ts";
import { measure, type Measurement, measureTogether } from "../process_tree.ts";
import { TOOLS } from "./tools.ts";

const ROOT = join(import.meta.dirname!, "..", "..", "..");
const AT_ONCE = 20;
const LOSS_CELLS = 1000;
/** The peer whose overhead ours is to be a tenth of. */
const ANCHOR = "papermill";

interface Work {
  name: string;
  notebook: string;
  rounds: number;
}

/** What a tool took, and the least time that it noted for the cells. */
interface Result extends Pick<Measurement, "seconds" | "peakBytes"> {
  cellSeconds: number;
}

async function measureWork({ name, notebook, rounds }: Work, home: string): Promise<Map<string, Result>> {
  const results = new Map<string, Result[]>();
  // The first round warms the disk's and the checker's caches, and does not count; one round alone has only the
  // checker to warm, which the peers do not have.
  for (let round = 0; round <= rounds; round++) {
    for (const tool of round === 0 && rounds === 1 ? TOOLS.slice(0, 1) : TOOLS) {
      console.error(`  ${name}, round ${round} of ${rounds}: ${tool.name}`);
      const measured = await measure(tool.command(notebook, home), process(notebook, home));
      const { cells } = await tool.executed(notebook, home);
      const cellSeconds = cells.reduce((sum, cell) => sum + tool.cellTime(cell), 0) / 1000;
      if (round > 0) results.set(tool.name, [...results.get(tool.name) ?? [], { ...measured, cellSeconds }]);
    }
  }
  return new Map([...results].map(([tool, rounds]) => [tool, middle(rounds)]));
}

/** The environment of all tools: only ours reads the lake's settings by itself. */
const process = (notebook: string, home: string) => ({
  cwd: dirname(notebook),
  env: { SHOPFLOW_HOME: home, NO_COLOR: "1" },
});

function middle(results: Result[]): Result {
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
  return {
    seconds: median(results.map(({ seconds }) => seconds)),
    peakBytes: Math.max(...results.map(({ peakBytes }) => peakBytes)),
    cellSeconds: Math.min(...results.map(({ cellSeconds }) => cellSeconds)),
  };
}

/** The table of one notebook: overhead is the time beyond the least that any tool noted for the cells. */
function table(results: Map<string, Result>): string[] {
  const own = Math.min(...[...results.values()].map(({ cellSeconds }) => cellSeconds));
  const overhead = (tool: string) => results.get(tool)!.seconds - own;
  return [
    `The cells themselves: ${own.toFixed(2)} s.`,
    "",
    "| tool | wall time | overhead | beside papermill's | peak memory |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...[...results].map(([tool, { seconds, peakBytes }]) =>
      `| ${tool} | ${seconds.toFixed(2)} s | ${overhead(tool).toFixed(2)} s | ${
        (overhead(tool) / overhead(ANCHOR)).toFixed(2)
      } | ${megabytes(peakBytes)} |`
    ),
  ];
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6).toLocaleString("en-US")} MB`;

async function measureParallel(home: string): Promise<string[]> {
  const rows: string[] = [];
  const notebooks = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, i) => writeMixedCells(join(home, `parallel-${i}.ipynb`), 10)),
  );
  for (const tool of TOOLS) {
    console.error(`  ${AT_ONCE} at once: ${tool.name}`);
    const commands = notebooks.map((notebook) => tool.command(notebook, home));
    const { seconds, peakBytes, failures } = await measureTogether(commands, process(notebooks[0]!, home));
    const good = notebooks.filter((_, i) => failures[i] === undefined);
    let lost = 0, outputs = 0;
    for (const notebook of good) {
      const counted = countLost(await tool.executed(notebook, home));
      lost += counted.lost;
      outputs += counted.outputs;
    }
    const why = failures.find((failure) => failure !== undefined)?.trim().split("\n").at(-1);
    const failed = why === undefined ? "0" : `${notebooks.length - good.length} (${why})`;
    rows.push(
      `| ${tool.name} | ${seconds.toFixed(1)} s | ${
        megabytes(peakBytes)
      } | ${lost} of ${outputs} | ${failed} |`,
    );
  }
  return [
    "| tool | wall time | peak memory | outputs lost | runs that failed |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...rows,
  ];
}

async function measureLoss(home: string): Promise<string[]> {
  const notebook = await writeMixedCells(join(home, "loss.ipynb"), LOSS_CELLS);
  const rows: string[] = [];
  for (const tool of TOOLS) {
    console.error(`  outputs of ${LOSS_CELLS} cells: ${tool.name}`);
    const { seconds } = await measure(tool.command(notebook, home), process(notebook, home));
    const { lost, outputs } = countLost(await tool.executed(notebook, home));
    rows.push(`| ${tool.name} | ${lost} of ${outputs.toLocaleString("en-US")} | ${seconds.toFixed(1)} s |`);
  }
  return ["| tool | outputs lost | wall time |", "| --- | ---: | ---: |", ...rows];
}

async function report(): Promise<string> {
  await using lake = await createChurnLake({ customers: 500 });
  const { home } = lake.context.config;
  const works: Work[] = [
    { name: "one cell", notebook: await writeNotebook(join(home, "one.ipynb"), ["1 + 1"]), rounds: 5 },
    { name: "the churn notebook", notebook: join(ROOT, "notebooks", "churn.ipynb"), rounds: 3 },
    {
      name: "500 cells",
      notebook: await writeNotebook(
        join(home, "many.ipynb"),
        Array.from({ length: 500 }, (_, i) => `const value_${i} = ${i};\nvalue_${i}`),
      ),
      rounds: 1,
    },
  ];
  const lines = [
    "## Notebooks beside papermill and nbconvert",
    "",
    "Each tool is a command from its start to its end with the same " +
    "Deno kernel; they take turns, the median of the rounds (of 500 cells only one) counts after one that warms the caches. Overhead is the " +
    "time beyond what the cells themselves take, which is the least that any of the tools noted for them. Memory is " +
    "the largest sum over the tool, its kernel and all else that it started. `ours` checks the types of the cells " +
    "before the run, which the others do not; `--no-check` does the same work as they do.",
    "",
    `Deno ${Deno.version.deno}, ${availableParallelism()} cores, ${Deno.build.target}; load of the machine before: ${
      Deno.loadavg()[0]!.toFixed(1)
    }.`,
  ];
  for (const work of works) {
    lines.push("", `### ${work.name[0]!.toUpperCase()}${work.name.slice(1)}`, "");
    lines.push(...table(await measureWork(work, home)));
  }
  lines.push("", `### ${AT_ONCE} runs at once on ${availableParallelism()} cores`, "");
  lines.push(
    "Each of ten cells, all started at the same moment; outputs are counted in the runs that did not fail.",
    "",
    ...await measureParallel(home),
  );
  lines.push("", `### Lost outputs of ${LOSS_CELLS.toLocaleString("en-US")} cells`, "");
  lines.push("Results, lines on both streams, and displayed values.", "", ...await measureLoss(home));
  return lines.join("\n") + "\n";
}

if (import.meta.main) {
  await runCommand(async () => {
    if (TEST_JUPYTER === "") {
      throw new InputError("There is no Jupyter to compare with", {
        expected: "SHOPFLOW_TEST_JUPYTER, a jupyter command with papermill and nbconvert beside it",
        remedy: "`.ci/install` installs one.",
      });
    }
    console.log(await report());
  });
}
