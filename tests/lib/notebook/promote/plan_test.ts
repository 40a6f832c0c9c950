import assert from "node:assert/strict";
import { findDuplicatedNames, libraryNames } from "shopflow/notebook/promote/mod.ts";
import { moduleExports } from "../../../../lib/notebook/promote/names.ts";
import { code, notebookOf, prose } from "../diff/cells.ts";

const ROOT = new URL("../../../..", import.meta.url).pathname;

Deno.test("what a notebook defines although lib/ exports it is found: functions, constants, classes and types", async () => {
  const library = await libraryNames(ROOT);
  const notebook = notebookOf(
    prose("title", "const auc = 1"),
    code("imports", `import { brierScore } from "shopflow/churn/mod.ts";`),
    code(
      "mine",
      "const { auc, mine } = { auc: 1, mine: 2 };\nfunction addDays() {}\nconsole.log(brierScore);",
    ),
    code("types", "class NotebookError {}\ninterface Parameters {}"),
    code("inside", "function own() { const auc = 1; return auc; }"),
  );
  assert.deepEqual(findDuplicatedNames(notebook, library), [
    { cellId: "mine", name: "auc", specifier: "shopflow/ml/mod.ts" },
    { cellId: "mine", name: "addDays", specifier: "shopflow/ml/mod.ts" },
    { cellId: "types", name: "NotebookError", specifier: "shopflow/errors/mod.ts" },
    { cellId: "types", name: "Parameters", specifier: "shopflow/notebook/mod.ts" },
  ]);
});

Deno.test("a module's exports are its own and those it passes on, by name, all, as a whole, or renamed", async () => {
  const files: Record<string, string> = {
    "lib/a/mod.ts": `export * from "./b.ts";
      export { one as two, type T } from "./c.ts";
      export * as whole from "./c.ts";
      export const { x, y: [z] } = { x: 1, y: [2] };
      const hidden = 1;
      export { hidden as shown };`,
    "lib/a/b.ts": `export function f() {}\nfunction g() {}\nexport * from "./mod.ts";`,
    "lib/a/c.ts": `export const one = 1;\nexport type T = 1;`,
  };
  const exports = await moduleExports("lib/a/mod.ts", (path) => Promise.resolve(files[path]));
  assert.deepEqual(exports.map(({ name, from, isType }) => `${name} ${from} ${isType}`).sort(), [
    "T lib/a/c.ts true",
    "f lib/a/b.ts false",
    "shown lib/a/mod.ts false",
    "two lib/a/c.ts false",
    "whole lib/a/c.ts false",
    "x lib/a/mod.ts false",
    "z lib/a/mod.ts false",
  ]);
});
