/** Runs, describes and cleans notebooks: `deno task notebook run notebooks/churn.ipynb -p as_of=2024-09-01`. */
import { Command } from "commander";
import { runCommand, withLogLevel } from "shopflow/cli/mod.ts";
import { loadConfig } from "shopflow/config/mod.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How often it is seen, while JupyterLab runs, whether a notebook changed the lock file. */
const LOCK_FILE_MS = 2000;

/** Only the command that is called is loaded: some bring large libraries, which `run` should not wait for. */
const COMMANDS: Record<string, () => Promise<(program: Command) => void>> = {
  run: async () => (await import("./notebook/run.ts")).addRunCommand,
  rerun: async () => (await import("./notebook/run.ts")).addRerunCommand,
  runs: async () => (await import("./notebook/run.ts")).addRunsCommand,
  publish: async () => (await import("./notebook/publish.ts")).addPublishCommand,
  report: async () => (await import("./notebook/report.ts")).addReportCommand,
  inspect: async () => (await import("./notebook/check.ts")).addInspectCommand,
  clean: async () => (await import("./notebook/check.ts")).addCleanCommand,
  diff: async () => (await import("./notebook/compare.ts")).addDiffCommand,
  log: async () => (await import("./notebook/compare.ts")).addLogCommand,
  promote: async () => (await import("./notebook/promote.ts")).addPromoteCommand,
  render: async () => (await import("./notebook/render.ts")).addRenderCommand,
  lab: () => Promise.resolve(addLabCommand),
  check: async () => (await import("./notebook/check.ts")).addCheckCommand,
};

const program = new Command("deno task notebook")
  .description("Run, publish, describe, compare, promote and render notebooks; needs only Deno.");
const called = COMMANDS[Deno.args[0] ?? ""];
// JupyterLab has a `--log-level` of its own.
if (called !== COMMANDS.lab) withLogLevel(program);
for (const load of called ? [called] : Object.values(COMMANDS)) (await load())(program);

if (import.meta.main) {
  await runCommand(async () => void await program.parseAsync(Deno.args, { from: "user" }));
}

/** `notebook lab`, which is `deno task lab`: the notebooks in JupyterLab. */
function addLabCommand(program: Command): void {
  program.command("lab")
    .description("open the notebooks in JupyterLab, with the Deno kernel and this lake")
    .argument("[options...]", "options of `jupyter lab`, e.g. --no-browser --port 9999")
    .allowUnknownOption()
    .action(lab);
}

async function lab(options: string[]): Promise<void> {
  const jupyter = await import("shopflow/notebook/mod.ts");
  const config = loadConfig();
  const { command, version } = await jupyter.findJupyterLab(config.jupyter);
  const kernels = join(config.home, "jupyter");
  await jupyter.registerKernel(kernels);
  console.error(`JupyterLab ${version} on the lake ${config.lakeUrl}; press Ctrl+C twice to stop it`);
  const child = new Deno.Command(command, {
    args: ["lab", `--ServerApp.root_dir=${ROOT}`, "--LabApp.default_url=/lab/tree/notebooks", ...options],
    cwd: ROOT,
    env: jupyter.labEnvironment(config, kernels),
    clearEnv: true,
  }).spawn();
  // Its kernels are Jupyter's: what their imports add to the lock file is taken back shortly after.
  await using lockFile = await jupyter.guardLockFile(ROOT);
  const timer = setInterval(
    () => lockFile.restore().catch((error) => console.error(`deno.lock: ${error}`)),
    LOCK_FILE_MS,
  );
  const status = await untilEnded(child);
  clearInterval(timer);
  if (status.success || status.signal !== null) return;
  throw new NotebookError(`JupyterLab ended with code ${status.code}`, {
    remedy: "Its own message is above; `jupyter lab --help` lists its options.",
  });
}

/** A terminal's Ctrl+C reaches Jupyter too, which asks whether it is meant; other signals are handed on. */
async function untilEnded(child: Deno.ChildProcess): Promise<Deno.CommandStatus> {
  const wait = () => {};
  const handOn = () => child.kill("SIGTERM");
  Deno.addSignalListener("SIGINT", wait);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", handOn);
  try {
    return await child.status;
  } finally {
    Deno.removeSignalListener("SIGINT", wait);
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGTERM", handOn);
  }
}
