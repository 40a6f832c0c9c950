import { join } from "node:path";

/** Installs a kernel under `folder`, which is to be named in JUPYTER_PATH. */
export async function writeKernelspec(folder: string, name: string, spec: unknown): Promise<void> {
  const kernel = join(folder, "kernels", name);
  await Deno.mkdir(kernel, { recursive: true });
  await Deno.writeTextFile(join(kernel, "kernel.json"), JSON.stringify(spec));
}
