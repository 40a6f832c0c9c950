import assert from "node:assert/strict";
import { join } from "node:path";
import { cleanNotebook, formatNotebook, parseNotebook, readParameters } from "shopflow/notebook/mod.ts";

const root = new URL("../../..", import.meta.url).pathname;

async function notebooks(): Promise<[path: string, source: string][]> {
  const listed = await new Deno.Command("git", { args: ["ls-files", "*.ipynb"], cwd: root }).output();
  const paths = new TextDecoder().decode(listed.stdout).trim().split("\n");
  return await Promise.all(
    paths.map(async (path) => [path, await Deno.readTextFile(join(root, path))] as [string, string]),
  );
}

Deno.test("notebooks in version control carry no outputs, counts or traces of runs", async () => {
  const found = (await notebooks()).filter(([path, source]) =>
    formatNotebook(cleanNotebook(parseNotebook(source, path))) !== source
  ).map(([path]) => path);
  assert.deepEqual(found, [], `run \`deno task notebook clean ${found.join(" ")}\``);
});

Deno.test("notebooks in version control want the Deno kernel, and their parameters can be read", async () => {
  for (const [path, source] of await notebooks()) {
    const notebook = parseNotebook(source, path);
    assert.equal(notebook.metadata.kernelspec.name, "deno", path);
    readParameters(notebook, path);
  }
});
