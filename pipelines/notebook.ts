/** Runs, describes and cleans notebooks: `deno task notebook run notebooks/churn.ipynb -p as_of=2024-09-01`. */
import { Command, InvalidArgumentError } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { NotebookError, runCommand } from "shopflow/errors/mod.ts";
import {
  cleanNotebook,
  describeParameters,
  formatNotebook,
  parseAssignments,
  parseNotebook,
  readNotebook,
  readParameters,
  renderPage,
  runNotebook,
} from "shopflow/notebook/mod.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { createContext } from "./context.ts";
import { addLabCommand } from "./notebook/lab.ts";
import { addRenderCommand } from "./notebook/render.ts";

const seconds = (text: string) => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("Give a number of seconds above 0.");
  return value * 1000;
};
const collect = (value: string, before: string[]) => [...before, value];

const program = new Command("notebook").description("Run, describe and clean notebooks, with Deno alone.");
program.command("run")
  .description("run a notebook from top to bottom, keep the executed copy and its page in the lake")
  .argument("<file>", "the .ipynb file")
  .option("-p, --parameter <name=value>", "replace a parameter; may be repeated", collect, [])
  .option("--cell-timeout <seconds>", "end a cell that takes longer", seconds)
  .option("--timeout <seconds>", "end the notebook when it takes longer", seconds)
  .action(run);
program.command("inspect")
  .description("print the parameters of a notebook")
  .argument("<file>", "the .ipynb file")
  .action(inspect);
program.command("clean")
  .description("remove outputs and traces of runs, as version control wants it")
  .argument("<files...>", "the .ipynb files")
  .option("--check", "change nothing, but fail when something is to be cleaned")
  .action(clean);

addRenderCommand(program);
addLabCommand(program);

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

async function inspect(file: string): Promise<void> {
  const declared = readParameters(await readNotebook(file), file);
  console.log(declared.length === 0 ? `${file} has no parameters` : describeParameters(declared).join("\n"));
}

async function clean(files: string[], { check = false }: { check?: boolean }): Promise<void> {
  const unclean: string[] = [];
  for (const file of files) {
    const before = await Deno.readTextFile(file);
    const after = formatNotebook(cleanNotebook(parseNotebook(before, file)));
    if (after === before) continue;
    unclean.push(file);
    if (!check) await Deno.writeTextFile(file, after);
  }
  if (!check) return console.log(unclean.length === 0 ? "nothing to clean" : `cleaned ${unclean.join(", ")}`);
  if (unclean.length === 0) return;
  throw new NotebookError("Notebooks carry outputs or traces of runs", {
    found: unclean.join(", "),
    remedy: `Run \`deno task notebook clean ${unclean.join(" ")}\`.`,
  });
}

await runCommand(async () => void await program.parseAsync(Deno.args, { from: "user" }));
