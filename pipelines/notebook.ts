/** Runs, describes and cleans notebooks: `deno task notebook run notebooks/churn.ipynb -p as_of=2024-09-01`. */
import { Command } from "commander";
import { runCommand } from "shopflow/errors/mod.ts";
import { addCleanCommand } from "./notebook/clean.ts";
import { addInspectCommand } from "./notebook/inspect.ts";
import { addRerunCommand } from "./notebook/rerun.ts";
import { addRunCommand } from "./notebook/run.ts";
import { addRunsCommand } from "./notebook/runs.ts";

const program = new Command("notebook").description("Run, describe and clean notebooks, with Deno alone.");
addRunCommand(program);
addRerunCommand(program);
addRunsCommand(program);
addInspectCommand(program);
addCleanCommand(program);

await runCommand(async () => void await program.parseAsync(Deno.args, { from: "user" }));
