import { NotebookError } from "shopflow/errors/mod.ts";
import type { Notebook } from "./nbformat.ts";

/** The kernel of our notebooks, as their metadata names it. */
export const DENO_KERNELSPEC = { display_name: "Deno", language: "typescript", name: "deno" } as const;

/** @throws {NotebookError} when another kernel than Deno's is wanted. */
export function requireDenoKernel(notebook: Notebook, name: string): void {
  const found = notebook.metadata.kernelspec.name;
  if (found === DENO_KERNELSPEC.name) return;
  throw new NotebookError(`${name} wants a kernel that cannot be started here`, {
    expected: DENO_KERNELSPEC.name,
    found: JSON.stringify(found),
    remedy: "Choose the Deno kernel in Jupyter and save.",
  });
}
