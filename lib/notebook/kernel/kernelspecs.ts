/** Kernels that are installed for Jupyter (https://jupyter-client.readthedocs.io/en/stable/kernels.html). */
import { NotebookError } from "shopflow/errors/mod.ts";
import { isFile } from "shopflow/runtime/mod.ts";
import { delimiter, join } from "node:path";
import { z } from "zod";
import { DENO_KERNELSPEC } from "../format/nbformat.ts";

/** How a kernel is started. */
export interface KernelCommand {
  /** The kernelspec's name. */
  name: string;
  /** Program and arguments; `{connection_file}` stands for that file's path. */
  argv: string[];
  /** What the kernelspec adds to the environment. */
  env: Record<string, string>;
}

const kernelJson = z.object({
  argv: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()).default({}),
});

type Environment = Record<string, string | undefined>;

/**
 * The command of a kernel: that of Deno is the Deno which runs this program, any other is looked for where Jupyter
 * looks.
 *
 * @throws {NotebookError} when there is none of that name, with those that there are.
 */
export async function findKernel(
  name: string,
  env: Environment = Deno.env.toObject(),
): Promise<KernelCommand> {
  if (name === DENO_KERNELSPEC.name) {
    return { name, argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"], env: {} };
  }
  const folders = kernelFolders(env);
  const known = new Set<string>([DENO_KERNELSPEC.name]);
  for (const folder of folders) {
    for (const found of await namesIn(folder)) {
      if (found.toLowerCase() === name.toLowerCase()) return await readKernel(name, join(folder, found));
      known.add(found);
    }
  }
  throw new NotebookError(`There is no kernel ${JSON.stringify(name)}`, {
    expected: `one of ${[...known].sort().join(", ")}`,
    found: JSON.stringify(name),
    remedy: `Install it for Jupyter, or name its folder in JUPYTER_PATH; looked in ${folders.join(", ")}.`,
  });
}

async function readKernel(name: string, folder: string): Promise<KernelCommand> {
  const path = join(folder, "kernel.json");
  let json: unknown;
  try {
    json = JSON.parse(await Deno.readTextFile(path));
  } catch (cause) {
    throw new NotebookError(`The kernel ${name} cannot be read`, { expected: `JSON in ${path}`, cause });
  }
  const parsed = kernelJson.safeParse(json);
  if (parsed.success) return { name, env: parsed.data.env, argv: await ownProgram(parsed.data.argv, folder) };
  const [issue] = parsed.error.issues;
  throw new NotebookError(`The kernel ${name} does not say how it is started`, {
    expected: `argv, a list of strings, in ${path}`,
    found: issue && `${issue.path.join(".")}: ${issue.message}`,
  });
}

/**
 * A kernel of a virtual environment says `python`, and means the one of that environment:
 * `<environment>/share/jupyter/kernels/<name>` belongs to `<environment>/bin`.
 */
async function ownProgram([program = "", ...args]: string[], folder: string): Promise<string[]> {
  const own = join(folder, "..", "..", "..", "..", Deno.build.os === "windows" ? "Scripts" : "bin", program);
  return [/^[\w.-]+$/.test(program) && await isFile(own) ? own : program, ...args];
}

/** Jupyter's order: what the user names, the user's own, the virtual environment's, the system's. */
function kernelFolders(env: Environment): string[] {
  const home = env.HOME ?? env.USERPROFILE;
  const own = env.JUPYTER_DATA_DIR ?? (home && {
    darwin: join(home, "Library", "Jupyter"),
    windows: join(env.APPDATA ?? home, "jupyter"),
  }[Deno.build.os as string]) ?? join(env.XDG_DATA_HOME || join(home ?? "/", ".local", "share"), "jupyter");
  const folders = [
    ...(env.JUPYTER_PATH ?? "").split(delimiter),
    own,
    ...[env.VIRTUAL_ENV, env.CONDA_PREFIX].map((prefix) => prefix && join(prefix, "share", "jupyter")),
    ...(Deno.build.os === "windows"
      ? [env.PROGRAMDATA && join(env.PROGRAMDATA, "jupyter")]
      : ["/usr/local/share/jupyter", "/usr/share/jupyter"]),
  ];
  return folders.flatMap((folder) => folder ? [join(folder, "kernels")] : []);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.filter(({ isFile }) => !isFile).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}
