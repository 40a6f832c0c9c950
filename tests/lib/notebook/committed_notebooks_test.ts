import assert from "node:assert/strict";
import { findDuplicatedNames, libraryNames } from "shopflow/notebook/promote/mod.ts";
import {
  cleanNotebook,
  formatNotebook,
  parseNotebook,
  readParameters,
  readReport,
  unreadLines,
} from "shopflow/notebook/mod.ts";

const root = new URL("../../..", import.meta.url).pathname;

/** Those of git's index, which is what a commit takes: in the working tree, outputs are nobody's business. */
async function notebooks(): Promise<[path: string, source: string][]> {
  const paths = (await git("ls-files", "*.ipynb")).trim().split("\n");
  return await Promise.all(
    paths.map(async (path) => [path, await git("cat-file", "blob", `:${path}`)] as [string, string]),
  );
}

async function git(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("git", { args, cwd: root }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
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
    assert.equal(notebook.metadata.kernelspec?.name, "deno", path);
    assert.deepEqual(unreadLines(notebook), [], path);
    readReport(notebook, readParameters(notebook), path);
  }
});

Deno.test("notebooks in version control import what lib/ exports, and do not define it again", async () => {
  const library = await libraryNames(root);
  const found = (await notebooks()).flatMap(([path, source]) =>
    findDuplicatedNames(parseNotebook(source, path), library)
      .map(({ cellId, name, specifier }) => `${path}, cell ${cellId}: ${name} is in ${specifier}`)
  );
  assert.deepEqual(found, []);
});
