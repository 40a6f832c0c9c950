/** Runs, describes and cleans notebooks: `deno task notebook run notebooks/churn.ipynb -p as_of=2024-09-01`. */
import { Command } from "commander";
import { runCommand, withLogLevel } from "shopflow/cli/mod.ts";

/** Only the command that is called is loaded: some bring large libraries, which `run` should not wait for. */
const COMMANDS: Record<string, () => Promise<(program: Command) => void>> = {
  run: async () => (await import("./notebook/run.ts")).addRunCommand,
  rerun: async () => (await import("./notebook/run.ts")).addRerunCommand,
  runs: async () => (await import("./notebook/run.ts")).addRunsCommand,
  inspect: async () => (await import("./notebook/check.ts")).addInspectCommand,
  clean: async () => (await import("./notebook/check.ts")).addCleanCommand,
  diff: async () => (await import("./notebook/compare.ts")).addDiffCommand,
  log: async () => (await import("./notebook/compare.ts")).addLogCommand,
  promote: async () => (await import("./notebook/promote.ts")).addPromoteCommand,
  render: async () => (await import("./notebook/render.ts")).addRenderCommand,
  lab: async () => (await import("./notebook/lab.ts")).addLabCommand,
  check: async () => (await import("./notebook/check.ts")).addCheckCommand,
};

const program = new Command("deno task notebook")
  .description("Runs, describes, compares, promotes and renders notebooks, with Deno alone.");
const called = COMMANDS[Deno.args[0] ?? ""];
// JupyterLab has a `--log-level` of its own.
if (called !== COMMANDS.lab) withLogLevel(program);
for (const load of called ? [called] : Object.values(COMMANDS)) (await load())(program);

if (import.meta.main) {
  await runCommand(async () => void await program.parseAsync(Deno.args, { from: "user" }));
}
