import assert from "node:assert/strict";
import { notebookModule } from "../../../../lib/notebook/check/notebook_module.ts";
import type { CodeCell, Notebook } from "../../../../lib/notebook/format/nbformat.ts";

function notebookOf(...sources: (string | [source: string, ...tags: string[]])[]): Notebook {
  const cells = sources.map((entry, i): CodeCell => {
    const [source, ...tags] = typeof entry === "string" ? [entry] : entry;
    return {
      cell_type: "code",
      id: `cell-${i}`,
      metadata: { tags },
      source,
      execution_count: null,
      outputs: [],
    };
  });
  return {
    cells,
    metadata: { kernelspec: { name: "deno", display_name: "Deno" } },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

/** The module without its first line, which declares what the kernel does. */
const moduleOf = (...sources: Parameters<typeof notebookOf>) => {
  const { code, syntaxErrors } = notebookModule(notebookOf(...sources), "/shop/notebooks");
  assert.deepEqual(syntaxErrors, []);
  return code.split("\n").slice(1).join("\n").trim();
};

Deno.test("cells follow each other in one module, however they end", () => {
  assert.equal(moduleOf("const a = 1\na", "(a)"), "const a = 1\na\n;\n(a)\n;");
});

Deno.test("a cell that declares a name again opens a block, others do not", () => {
  assert.equal(
    moduleOf("const a = 1;", "const b = a;", "const { a, c: [b] } = f();", "a; let d;"),
    "const a = 1;\n;\nconst b = a;\n;\n{\nconst { a, c: [b] } = f();\n;\na; let d;\n;\n}",
  );
  assert.match(moduleOf("function f() {}", "class f {}"), /;\n\{\nclass f/);
  assert.match(moduleOf("type A = 1;", "interface A {}"), /;\n\{\ninterface A/);
  assert.doesNotMatch(moduleOf("{ const a = 1; }", "const a = 2;"), /;\n\{\n/);
});

Deno.test("imports move to the top once, and keep their lines", () => {
  const { code, places } = notebookModule(
    notebookOf(
      `import { a } from "a";`,
      `const b = 1;\nimport {\n  c,\n} from "./c.ts";\nimport { a } from "a";`,
    ),
    "/shop/notebooks",
  );
  assert.deepEqual(code.split("\n").slice(1, 5), [
    `import { a } from "a";`,
    "import {",
    "  c,",
    `} from "file:///shop/notebooks/c.ts";`,
  ]);
  assert.equal(code.match(/from "a"/g)?.length, 1);
  assert.deepEqual(places[3], { cellId: "cell-1", cell: 2, line: 3 });
  assert.deepEqual(places[code.split("\n").indexOf("const b = 1;")], { cellId: "cell-1", cell: 2, line: 1 });
});

Deno.test("an import that takes a name again becomes declarations, which may hide the old ones", () => {
  const code = moduleOf(
    `import { a } from "a";`,
    `import { b as a, type C } from "./b.ts"; import * as d from "d";`,
  );
  assert.match(
    code,
    /\{\nconst \{ b: a \} = await import\("file:\/\/\/shop\/notebooks\/b\.ts"\); type C = import\("[^"]+"\)\.C;/,
  );
  assert.match(code, /^import \* as d from "d";$/m);
});

Deno.test("dynamic and type imports are taken from the notebook's folder", () => {
  assert.match(moduleOf(`await import("../a.ts")`), /import\("file:\/\/\/shop\/a\.ts"\)/);
  assert.match(moduleOf(`type A = import("./a.ts").A;`), /import\("file:\/\/\/shop\/notebooks\/a\.ts"\)\.A/);
});

Deno.test("parameters stand for every value of their type, injected ones are left out", () => {
  const code = moduleOf(
    [`const day = "today", top = -5, strict = false, typed: string = "x";`, "parameters"],
    [`const top = 6;`, "injected-parameters"],
    "top === 6",
  );
  assert.equal(
    code,
    `const day = "today" as string, top = -5 as number, strict = false as boolean, typed: string = "x";\n;\ntop === 6\n;`,
  );
});

Deno.test("what no run can be given keeps its own type in the parameters cell", () => {
  const source = "const config = { top: 5 }, list = [1], now = new Date(), not = !true;";
  assert.equal(moduleOf([source, "parameters"]), `${source}\n;`);
});

Deno.test("what is exported is declared, and prose and empty cells are nothing", () => {
  assert.equal(moduleOf("export const a = 1;", "", "export { a };"), "const a = 1;\n;\n\n;");
});

Deno.test("what is no TypeScript is told with its cell and line", () => {
  const { syntaxErrors } = notebookModule(notebookOf("1", "", "const a = 1;\nconst b = ;"), "/");
  assert.deepEqual(syntaxErrors, [{
    cellId: "cell-2",
    cell: 2,
    line: 2,
    code: "SyntaxError",
    message: "Unexpected token",
    source: "const b = ;",
  }]);
});

Deno.test("JSX is seen, also where a cell's type arguments look like it", () => {
  assert.equal(notebookModule(notebookOf("const a = <p>text</p>;"), "/").jsx, true);
  assert.equal(
    notebookModule(notebookOf("const f = <T>(x: T) => x; const a = <number> f(1);"), "/").jsx,
    false,
  );
});
