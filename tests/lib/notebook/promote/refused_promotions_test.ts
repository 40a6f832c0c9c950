import type { Cell } from "../../../../lib/notebook/format/nbformat.ts";
import { code } from "../diff/cells.ts";
import { plain, refuses } from "./promotion_notebooks.ts";
import { withSmallRepository } from "./small_repository.ts";

const REFUSED: [what: string, cells: Cell[], message: RegExp][] = [
  [
    "a first line that names no file",
    plain("// promoted to lib/ml/a.ts\nfunction a() {}", "a()"),
    /Cell promoted does not say where it goes: expected a first line such as \/\/ promote: lib.*found "\/\/ promoted to/,
  ],
  [
    "a target outside of lib/",
    plain("// promote: pipelines/a.ts\nfunction a() {}", "a()"),
    /cannot go to pipelines\/a\.ts: expected a file below lib\//,
  ],
  [
    "a target that leaves lib/ by dots",
    plain("// promote: lib/ml/../../a.ts\nfunction a() {}", "a()"),
    /expected a file below lib\//,
  ],
  [
    "a module that does not exist",
    plain("// promote: lib/new/a.ts\nfunction a() {}", "a()"),
    /in one of lib\/errors/,
  ],
  [
    "a grab-bag",
    plain("// promote: lib/ml/utils.ts\nfunction a() {}", "a()"),
    /says what the file is about/,
  ],
  [
    "more than declarations",
    plain("// promote: lib/ml/a.ts\nfunction a() {}\na();", "a()"),
    /cannot be promoted: expected only functions.*found a\(\);/,
  ],
  [
    "a syntax error",
    plain("// promote: lib/ml/a.ts\n\nfunction a( {}", "a()"),
    /not valid TypeScript in line 3/,
  ],
  [
    "names that only the notebook has, all of them",
    [
      code("setup", "const rate = 2, other = 3;"),
      ...plain("// promote: lib/ml/a.ts\n/** A. */\nfunction a() { return rate * other; }", "a()"),
    ],
    /uses what only the notebook has: .*found rate \(cell setup\), other \(cell setup\)/,
  ],
  [
    "a name that exists nowhere",
    plain(
      "// promote: lib/ml/a.ts\n/** A. */\nfunction a() { return nowhere + 1; }",
      "try { a() } catch {}",
    ),
    /wrong types: found [\s\S]*Cannot find name 'nowhere'[\s\S]*lib\/ml\/a\.ts/,
  ],
  [
    "a parameter without a type",
    plain("// promote: lib/ml/a.ts\n/** A. */\nfunction a(x) { return x; }", "a(1)"),
    /wrong types: found [\s\S]*Parameter 'x' implicitly has an 'any' type/,
  ],
  [
    "what the linter complains about",
    plain("// promote: lib/ml/a.ts\n/** A. */\nfunction a(x: any): number { return x; }", "a(1)"),
    /does not pass the linter: found [\s\S]*no-explicit-any/,
  ],
  [
    "an import that the module may not have",
    [
      code("imports", `import { show } from "shopflow/notebook/mod.ts";`),
      ...plain("// promote: lib/ml/a.ts\n/** A. */\nfunction a(): void { show(1); }", "a()"),
    ],
    /cannot go to lib\/ml\/a\.ts: expected imports from modules below.*found show of lib\/notebook\/mod\.ts/,
  ],
  [
    "input in a module of pure computation",
    plain("// promote: lib/ml/a.ts\n/** A. */\nfunction a() { return Deno.cwd(); }", "a()"),
    /expected no input or output in lib\/ml, found Deno/,
  ],
  [
    "a driver in a module that has none",
    [
      code("imports", `import pg from "pg";`),
      ...plain("// promote: lib/kpis/a.ts\n/** A. */\nfunction a() { return pg.defaults; }", "a()"),
    ],
    /expected database drivers in lib\/sources, .*found pg/,
  ],
  [
    "a name that the file has",
    plain("// promote: lib/ml/rounding.ts\n/** A. */\nfunction roundTo() { return 1; }", "roundTo()"),
    /expected names that the module does not have yet, found roundTo/,
  ],
  [
    "a name that the module exports",
    plain("// promote: lib/ml/a.ts\n/** A. */\nfunction roundTo() { return 1; }", "roundTo()"),
    /does not export yet, found roundTo of lib\/ml\/rounding\.ts/,
  ],
  [
    "code that the notebook does not call",
    plain("// promote: lib/ml/a.ts\n/** A. */\nfunction a() { return 1; }", "2"),
    /the promoted code is not called: expected a call of a in notebooks\/basket\.ipynb/,
  ],
  [
    "a notebook that fails already",
    plain(
      "// promote: lib/ml/a.ts\n/** A. */\nfunction a() { return 1; }",
      "a()",
      "throw new TypeError('no')",
    ),
    /fails before the promotion: found TypeError: no \(cell use-1\)/,
  ],
  [
    "two functions of which the notebook calls one",
    plain(
      "// promote: lib/ml/a.ts\n/** A. */\nfunction a() { return 1; }\n/** B. */\nfunction b() { return 1; }",
      "[a(), typeof b]",
    ),
    /the promoted code is not called: expected a call of b in/,
  ],
  ["no tagged cell", [code("a", "1")], /no cell to promote/],
];
for (const [what, notebook, message] of REFUSED) {
  Deno.test(`refused, with nothing changed: ${what}`, async () => {
    await withSmallRepository(notebook, (repository) => refuses(repository, message));
  });
}

Deno.test("refused, with nothing changed: code of another kernel", async () => {
  await withSmallRepository(
    plain("// promote: lib/ml/a.ts\nfunction a() {}", "a()"),
    async (repository) => {
      const { notebook } = repository;
      const text = await Deno.readTextFile(notebook);
      await Deno.writeTextFile(notebook, text.replace(`"name": "deno"`, `"name": "python3"`));
      await refuses(repository, /Only notebooks of the Deno kernel.*found python3/);
    },
  );
});
