/** Runs, describes and cleans notebooks: `deno task notebook run notebooks/churn.ipynb -p as_of=2024-09-01`. */
import { Command } from "commander";
import { runCommand } from "shopflow/errors/mod.ts";
import { addCheckCommand } from "./notebook/check.ts";
import { addCleanCommand } from "./notebook/clean.ts";
import { addDiffCommand } from "./notebook/diff.ts";
import { addInspectCommand } from "./notebook/inspect.ts";
import { addLogCommand } from "./notebook/log.ts";
import { addPromoteCommand } from "./notebook/promote.ts";
import { addRerunCommand } from "./notebook/rerun.ts";
import { addRunCommand } from "./notebook/run.ts";
import { addRunsCommand } from "./notebook/runs.ts";

const program = new Command("notebook").description("Run, describe and clean notebooks, with Deno alone.");
addRunCommand(program);
addRerunCommand(program);
addRunsCommand(program);
addInspectCommand(program);
addCleanCommand(program);
addDiffCommand(program);
addLogCommand(program);
addPromoteCommand(program);
addCheckCommand(program);

await runCommand(async () => void await program.parseAsync(Deno.args, { from: "user" }));
