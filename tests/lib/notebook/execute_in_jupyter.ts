import { basename, dirname, join } from "node:path";
import { TEST_JUPYTER } from "../../requirements.ts";

/**
 * Executes a notebook by `jupyter nbconvert --execute` with the Deno kernel, in a Jupyter whose settings and kernels
 * are in `home` only, on the lake of `home`. Gives the path of the executed notebook.
 */
export async function executeInJupyter(notebook: string, home: string): Promise<string> {
  const kernel = join(home, "jupyter", "kernels", "deno");
  await Deno.mkdir(kernel, { recursive: true });
  const spec = {
    argv: [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"],
    display_name: "Deno",
    language: "typescript",
  };
  await Deno.writeTextFile(join(kernel, "kernel.json"), JSON.stringify(spec));
  const output = join(home, "executed");
  const { success, stderr } = await new Deno.Command(TEST_JUPYTER, {
    args: ["nbconvert", "--to", "notebook", "--execute", "--output-dir", output, notebook],
    cwd: dirname(notebook),
    env: {
      JUPYTER_PATH: join(home, "jupyter"),
      JUPYTER_CONFIG_DIR: join(home, "config"),
      JUPYTER_RUNTIME_DIR: join(home, "runtime"),
      NO_COLOR: "1",
      SHOPFLOW_HOME: home,
    },
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return join(output, basename(notebook));
}
