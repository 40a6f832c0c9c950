import type { Cell, Notebook } from "../../../lib/notebook/format/nbformat.ts";
import { readNotebook } from "shopflow/notebook/mod.ts";
import { basename, dirname, join } from "node:path";
import { TEST_JUPYTER } from "../../requirements.ts";

/** A way to execute a notebook. */
export interface Tool {
  name: string;
  /** The command that executes `notebook` and leaves its copy for {@linkcode Tool.executed} under `home`. */
  command(notebook: string, home: string): string[];
  executed(notebook: string, home: string): Promise<Notebook>;
  /** Milliseconds that a cell took, as the tool notes it. */
  cellTime(cell: Cell): number;
}

const ROOT = join(import.meta.dirname!, "..", "..", "..");
const BIN = dirname(TEST_JUPYTER);

function ours(name: string, ...flags: string[]): Tool {
  return {
    name,
    command: (notebook) => [
      Deno.execPath(),
      "run",
      "--quiet",
      "--allow-all",
      join(ROOT, "pipelines", "commands", "notebook.ts"),
      "run",
      "--no-page",
      ...flags,
      notebook,
    ],
    async executed(notebook, home) {
      const folder = join(home, "lake", "runs", "notebooks", basename(notebook, ".ipynb"));
      const names = (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name).sort();
      return await readNotebook(join(folder, names.at(-1)!));
    },
    cellTime: ({ metadata }) => metadata.shopflow?.milliseconds ?? 0,
  };
}

/** Ours first, then the peers. */
export const TOOLS: Tool[] = [
  ours("ours"),
  ours("ours, --no-check", "--no-check"),
  {
    name: "papermill",
    command: (notebook, home) => [
      join(BIN, "papermill"),
      "--kernel",
      "deno",
      "--no-progress-bar",
      "--cwd",
      dirname(notebook),
      notebook,
      join(home, `papermill-${basename(notebook)}`),
    ],
    executed: (notebook, home) => readNotebook(join(home, `papermill-${basename(notebook)}`)),
    cellTime: ({ metadata }) => 1000 * Number((metadata.papermill as { duration?: number })?.duration ?? 0),
  },
  {
    name: "nbconvert --execute",
    command: (notebook, home) => [
      TEST_JUPYTER,
      "nbconvert",
      "--to=notebook",
      "--execute",
      `--output-dir=${join(home, "nbconvert")}`,
      notebook,
    ],
    executed: (notebook, home) => readNotebook(join(home, "nbconvert", basename(notebook))),
    cellTime({ metadata }) {
      const times = metadata.execution as Record<string, string> | undefined;
      const [begun, ended] = [times?.["iopub.execute_input"], times?.["shell.execute_reply"]];
      return begun && ended ? Date.parse(ended) - Date.parse(begun) : 0;
    },
  },
];
