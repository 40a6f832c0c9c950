import { formatNotebook } from "shopflow/notebook/mod.ts";

/** Writes a notebook of code cells with the ids `cell-0`, `cell-1`, …; a text that starts with `#` is prose. */
export async function writeNotebook(path: string, sources: string[], kernel = "deno"): Promise<string> {
  const cells = sources.map((source, i) => {
    const id = `cell-${i}`;
    return source.startsWith("#")
      ? { cell_type: "markdown" as const, id, metadata: {}, source }
      : { cell_type: "code" as const, id, metadata: {}, source, execution_count: null, outputs: [] };
  });
  const metadata = { kernelspec: { name: kernel, display_name: kernel } };
  await Deno.writeTextFile(path, formatNotebook({ cells, metadata, nbformat: 4, nbformat_minor: 5 }));
  return path;
}
