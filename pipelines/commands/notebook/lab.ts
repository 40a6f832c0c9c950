import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { findJupyterLab, labEnvironment, registerKernel } from "shopflow/notebook/mod.ts";
import { join } from "node:path";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** `notebook lab`, which is `deno task lab`: the notebooks in JupyterLab. */
export function addLabCommand(program: Command): void {
  program.command("lab")
    .description("open the notebooks in JupyterLab, with the Deno kernel and this lake")
    .argument("[options...]", "options of `jupyter lab`, e.g. --no-browser --port 9999")
    .allowUnknownOption()
    .action(lab);
}

async function lab(options: string[]): Promise<void> {
  const config = loadConfig();
  const { command, version } = await findJupyterLab(config.jupyter);
  const kernels = join(config.home, "jupyter");
  await registerKernel(kernels);
  console.error(`JupyterLab ${version} on the lake ${config.lakeUrl}; Ctrl+C twice ends it`);
  const child = new Deno.Command(command, {
    args: ["lab", `--ServerApp.root_dir=${ROOT}`, "--LabApp.default_url=/lab/tree/notebooks", ...options],
    cwd: ROOT,
    env: labEnvironment(config, kernels),
    clearEnv: true,
  }).spawn();
  const status = await untilEnded(child);
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
