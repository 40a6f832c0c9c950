import { type Command, InvalidArgumentError } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import {
  parseAssignments,
  readNotebook,
  readParameters,
  renderPage,
  runNotebook,
} from "shopflow/notebook/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { createContext } from "../context.ts";

/** `notebook run FILE`: an execution that is kept in the lake, with its page. */
export function addRunCommand(program: Command): void {
  program.command("run")
    .description("run a notebook from top to bottom, keep the executed copy and its page in the lake")
    .argument("<file>", "the .ipynb file")
    .option("-p, --parameter <name=value>", "replace a parameter; may be repeated", collect, [])
    .option("--cell-timeout <seconds>", "end a cell that takes longer", seconds)
    .option("--timeout <seconds>", "end the notebook when it takes longer", seconds)
    .action(run);
}

interface RunFlags {
  parameter: string[];
  cellTimeout?: number;
  timeout?: number;
}

async function run(file: string, { parameter, ...timeouts }: RunFlags): Promise<void> {
  const context = createContext(loadConfig(), createRuntime());
  const parameters = parseAssignments(readParameters(await readNotebook(file), file), parameter);
  const { notebook, record, key } = await runNotebook(file, context, { parameters, ...timeouts });
  const pageKey = key.replace(/\.ipynb$/, ".html");
  await context.store.put(pageKey, new TextEncoder().encode((await renderPage(notebook)).html));
  for (const written of [key, pageKey]) console.log(await context.store.localPath(written));
  if (!record.failure) return;
  const { cellId, ename, evalue } = record.failure;
  throw new NotebookError(`${file} failed in cell ${cellId}: ${ename}: ${evalue}`);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("Give a number of seconds above 0.");
  return value * 1000;
}

const collect = (value: string, before: string[]) => [...before, value];
