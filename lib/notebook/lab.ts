/** JupyterLab for this repository: found where it is installed, with our kernel, and without the sources' secrets. */
import { NotebookError } from "shopflow/errors/mod.ts";
import { delimiter, join } from "node:path";
import type { KernelLake } from "./kernel/environment.ts";
import { DENO_KERNELSPEC } from "./format/nbformat.ts";

/** Which notebooks see through the lake only, whose kernel always has every permission. */
const SECRETS = /^(SHOPFLOW_(?!CACHE_BYTES$)|PG[A-Z]+$|MONGO)/;
const SECRETS_OF_S3 = /^AWS_/;

type Environment = Record<string, string | undefined>;

/**
 * The command that starts JupyterLab.
 *
 * @param named path of a `jupyter`, instead of the one on the PATH
 * @throws {NotebookError} when there is none, or it has no JupyterLab.
 */
export async function findJupyterLab(named?: string): Promise<{ command: string; version: string }> {
  const command = named ?? "jupyter";
  const install =
    "python3 -m venv .venv && .venv/bin/pip install jupyterlab, then SHOPFLOW_JUPYTER=.venv/bin/jupyter";
  try {
    const { success, stdout } = await new Deno.Command(command, {
      args: ["lab", "--version"],
      stderr: "null",
    }).output();
    if (success) return { command, version: new TextDecoder().decode(stdout).trim() };
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.PermissionDenied)) {
      throw cause;
    }
    throw new NotebookError("JupyterLab is not installed", {
      expected: named ? "the program that SHOPFLOW_JUPYTER names" : "jupyter on the PATH",
      found: named,
      remedy: `Install it: ${install}. Running and publishing notebooks does not need it.`,
    });
  }
  throw new NotebookError("This Jupyter has no JupyterLab", {
    expected: `${command} lab --version to answer`,
    remedy: `Install it beside it (pip install jupyterlab), or on its own: ${install}.`,
  });
}

/**
 * Writes the kernel's description for a Jupyter that is started by us, instead of installing it for all of the user's.
 *
 * @param folder one that `JUPYTER_PATH` of that Jupyter names
 */
export async function registerKernel(folder: string): Promise<void> {
  const kernel = join(folder, "kernels", DENO_KERNELSPEC.name);
  await Deno.mkdir(kernel, { recursive: true });
  const { display_name, language } = DENO_KERNELSPEC;
  const argv = [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"];
  await Deno.writeTextFile(
    join(kernel, "kernel.json"),
    JSON.stringify({ argv, display_name, language }, null, 2),
  );
}

/**
 * The environment of Jupyter and so of its kernels: the user's own, with the lake's place, and without what only
 * pipelines and the server may know.
 *
 * @param kernels folder in which {@linkcode registerKernel} wrote
 */
export function labEnvironment(
  lake: KernelLake,
  kernels: string,
  env: Environment = Deno.env.toObject(),
): Record<string, string> {
  const inS3 = lake.lakeUrl.startsWith("s3://");
  const passed = Object.entries(env).filter(([name, value]) =>
    value !== undefined && !SECRETS.test(name) && (inS3 || !SECRETS_OF_S3.test(name))
  ) as [string, string][];
  return {
    ...Object.fromEntries(passed),
    JUPYTER_PATH: [kernels, env.JUPYTER_PATH].filter(Boolean).join(delimiter),
    SHOPFLOW_HOME: lake.home,
    SHOPFLOW_LAKE: lake.lakeUrl,
    ...(lake.businessFile !== undefined && { SHOPFLOW_BUSINESS_FILE: lake.businessFile }),
  };
}
