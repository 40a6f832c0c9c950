import assert from "node:assert/strict";
import { join } from "node:path";
import type { Cell } from "shopflow/notebook/nbformat.ts";
import { code, prose } from "../versions/cells.ts";
import { type SmallRepository, withSmallRepository } from "./small_repository.ts";

const BASKET = `// promote: lib/features/basket.ts
/** A line of a basket. */
interface Line { sku: string, price: number }

const HALF = 0.5

/**
 * What a basket costs, without its cheapest line.
 *
 * @example
 * basketTotal([{ sku: "a", price: 2 }])
 */
function basketTotal(lines: Line[], options: Rounding = { digits: 2 }): number {
  const prices = lines.map(({ price }) => price) // in any order
  return roundTo(sum(prices) - (min(prices) ?? 0) * HALF, options)
}`;

const cells = (promoted: string, ...more: Cell[]): Cell[] => [
  prose("title", "# Baskets"),
  code(
    "imports",
    `import { roundTo, type Rounding } from "../lib/features/mod.ts";\nimport { min, sum } from "npm:d3-array@3.2.4";`,
  ),
  code("parameters", `const price = 3;`, [], ["parameters"]),
  code("basket", promoted, [], ["promote", "hide-input"]),
  code(
    "total",
    `const lines = [{ sku: "a", price }, { sku: "b", price: 1.005 }];\nconsole.log(basketTotal(lines));\nbasketTotal([])`,
  ),
  ...more,
];

const plain = (promoted: string, ...more: string[]): Cell[] => [
  code("promoted", promoted, [], ["promote"]),
  ...more.map((source, i) => code(`use-${i}`, source)),
];

/** Checks that a promotion is refused and leaves every file as it was. */
async function refuses(
  { promote, files, folder }: SmallRepository,
  message: RegExp,
  options = {},
): Promise<void> {
  const before = await files();
  await assert.rejects(promote(options), message);
  assert.deepEqual(await files(), before);
  assert.equal((await Array.fromAsync(Deno.readDir(folder))).some(({ name }) => name === "tests"), false);
}

async function deno(folder: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, text);
  return text;
}

Deno.test("a promoted function is a module, an import in the notebook, and a test that passes", async () => {
  await withSmallRepository(cells(BASKET), async (repository) => {
    const { folder, promote, read, notebookNow, write } = repository;
    const config = JSON.parse(await read("deno.json"));
    config.imports["d3-array"] = "npm:d3-array@3.2.4";
    config.imports["@types/d3-array"] = "npm:@types/d3-array@3.2.2";
    await write("deno.json", JSON.stringify(config));
    const promotion = await promote();
    assert.deepEqual(promotion.functions, [{ name: "basketTotal", target: "lib/features/basket.ts" }]);
    assert.equal(
      await read("lib/features/basket.ts"),
      `import { min, sum } from "d3-array";
import { type Rounding, roundTo } from "./rounding.ts";

/** A line of a basket. */
interface Line {
  sku: string;
  price: number;
}

const HALF = 0.5;

/**
 * What a basket costs, without its cheapest line.
 *
 * @example
 * basketTotal([{ sku: "a", price: 2 }])
 */
export function basketTotal(lines: Line[], options: Rounding = { digits: 2 }): number {
  const prices = lines.map(({ price }) => price); // in any order
  return roundTo(sum(prices) - (min(prices) ?? 0) * HALF, options);
}
`,
    );
    assert.match(await read("lib/features/mod.ts"), /^export \{ basketTotal \} from "\.\/basket\.ts";$/m);
    const cell = (await notebookNow()).cells.find(({ id }) => id === "basket");
    assert.equal(cell?.source, `import { basketTotal } from "shopflow/features/basket.ts";`);
    assert.deepEqual(cell.metadata.tags, ["hide-input"]);

    assert.deepEqual(promotion.examples, { basketTotal: 2 });
    const test = await read("tests/lib/features/basket_test.ts");
    assert.match(
      test,
      /assert\.deepEqual\(basketTotal\(\[\{ sku: "a", price: 3 \}, \{ sku: "b", price: 1\.005 \}\]\), 3\.5\)/,
    );
    assert.match(await deno(folder, "test", "--quiet", "tests"), /1 passed/);
    await deno(folder, "check", "--quiet", "tests", "lib");
    await deno(folder, "lint", "--quiet", "tests", "lib");
    await deno(folder, "fmt", "--check", "--quiet", "tests", "lib");
    await assert.rejects(promote(), /no cell to promote/);
  });
});

Deno.test("a promotion that changes an output is refused, and the cell that differs is named", async () => {
  const promoted = `// promote: lib/features/origin.ts
/** Where this code is. */
function origin(): string {
  return new Error().stack?.includes("/lib/features/") ? "library" : "notebook";
}`;
  await withSmallRepository(plain(promoted, `console.log("same")`, `origin()`), async (repository) => {
    await refuses(repository, /changes what the notebook says: .*others in cell use-1 \(text\/plain\)/);
  });
});

Deno.test("a notebook that never says the same twice is told apart from a change", async () => {
  const promoted = `// promote: lib/features/doubled.ts
/** Twice a number. */
function doubled(value: number): number {
  return 2 * value;
}`;
  await withSmallRepository(plain(promoted, `doubled(Math.random())`), async (repository) => {
    await refuses(repository, /does not say the same twice.*cell use-0/);
  });
});

const REFUSED: [what: string, cells: Cell[], message: RegExp][] = [
  [
    "a first line that names no module",
    plain("// promoted to lib/features/a.ts\nfunction a() {}", "a()"),
    /Cell promoted does not say where it goes: expected a first line such as \/\/ promote: lib.*found "\/\/ promoted to/,
  ],
  [
    "a target outside of lib/",
    plain("// promote: pipelines/a.ts\nfunction a() {}", "a()"),
    /cannot go to pipelines\/a\.ts: expected a module below lib\//,
  ],
  [
    "a target that leaves lib/ by dots",
    plain("// promote: lib/features/../../a.ts\nfunction a() {}", "a()"),
    /expected a module below lib\//,
  ],
  [
    "a room that does not exist",
    plain("// promote: lib/new/a.ts\nfunction a() {}", "a()"),
    /in one of lib\/errors/,
  ],
  [
    "a grab-bag",
    plain("// promote: lib/features/utils.ts\nfunction a() {}", "a()"),
    /says what the module is about/,
  ],
  [
    "more than declarations",
    plain("// promote: lib/features/a.ts\nfunction a() {}\na();", "a()"),
    /cannot be promoted as a whole: expected nothing but functions.*found a\(\);/,
  ],
  [
    "a syntax error",
    plain("// promote: lib/features/a.ts\n\nfunction a( {}", "a()"),
    /no valid TypeScript in line 3/,
  ],
  [
    "names that only the notebook has, all of them",
    [
      code("setup", "const rate = 2, other = 3;"),
      ...plain("// promote: lib/features/a.ts\n/** A. */\nfunction a() { return rate * other; }", "a()"),
    ],
    /uses what only the notebook has: .*found rate \(cell setup\), other \(cell setup\)/,
  ],
  [
    "a name that exists nowhere",
    plain(
      "// promote: lib/features/a.ts\n/** A. */\nfunction a() { return nowhere + 1; }",
      "try { a() } catch {}",
    ),
    /wrong types: found [\s\S]*Cannot find name 'nowhere'[\s\S]*lib\/features\/a\.ts/,
  ],
  [
    "a parameter without a type",
    plain("// promote: lib/features/a.ts\n/** A. */\nfunction a(x) { return x; }", "a(1)"),
    /wrong types: found [\s\S]*Parameter 'x' implicitly has an 'any' type/,
  ],
  [
    "what the linter complains about",
    plain("// promote: lib/features/a.ts\n/** A. */\nfunction a(x: any): number { return x; }", "a(1)"),
    /does not pass the linter: found [\s\S]*no-explicit-any/,
  ],
  [
    "an import that the room may not have",
    [
      code("imports", `import { show } from "shopflow/notebook/mod.ts";`),
      ...plain("// promote: lib/features/a.ts\n/** A. */\nfunction a(): void { show(1); }", "a()"),
    ],
    /cannot go to lib\/features\/a\.ts: expected imports of the rooms below.*found show of lib\/notebook\/mod\.ts/,
  ],
  [
    "input in a room of pure computation",
    plain("// promote: lib/features/a.ts\n/** A. */\nfunction a() { return Deno.cwd(); }", "a()"),
    /expected no input or output in lib\/features, found Deno/,
  ],
  [
    "a driver in a room that has none",
    [
      code("imports", `import pg from "pg";`),
      ...plain("// promote: lib/business/a.ts\n/** A. */\nfunction a() { return pg.defaults; }", "a()"),
    ],
    /expected drivers of databases in lib\/sources, .*found pg/,
  ],
  [
    "a name that the module has",
    plain("// promote: lib/features/rounding.ts\n/** A. */\nfunction roundTo() { return 1; }", "roundTo()"),
    /expected names that the module does not have yet, found roundTo/,
  ],
  [
    "a name that the room exports",
    plain("// promote: lib/features/a.ts\n/** A. */\nfunction roundTo() { return 1; }", "roundTo()"),
    /does not export yet, found roundTo of lib\/features\/rounding\.ts/,
  ],
  [
    "code that the notebook does not call",
    plain("// promote: lib/features/a.ts\n/** A. */\nfunction a() { return 1; }", "2"),
    /prove nothing of code that does not run: expected a call of a in notebooks\/basket\.ipynb/,
  ],
  [
    "a notebook that fails already",
    plain(
      "// promote: lib/features/a.ts\n/** A. */\nfunction a() { return 1; }",
      "a()",
      "throw new TypeError('no')",
    ),
    /fails before the promotion: found TypeError: no \(cell use-1\)/,
  ],
  [
    "two functions of which the notebook calls one",
    plain(
      "// promote: lib/features/a.ts\n/** A. */\nfunction a() { return 1; }\n/** B. */\nfunction b() { return 1; }",
      "[a(), typeof b]",
    ),
    /prove nothing of code that does not run: expected a call of b in/,
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
    plain("// promote: lib/features/a.ts\nfunction a() {}", "a()"),
    async (repository) => {
      const { notebook } = repository;
      const text = await Deno.readTextFile(notebook);
      await Deno.writeTextFile(notebook, text.replace(`"name": "deno"`, `"name": "python3"`));
      await refuses(repository, /Only code of the Deno kernel.*found python3/);
    },
  );
});

Deno.test("several cells are promoted at once, one using the other, or a single one by its id", async () => {
  const first = code(
    "first",
    "// promote: lib/features/first.ts\n/** One more. */\nfunction oneMore(value: number): number { return value + 1; }",
    [],
    ["promote"],
  );
  const second = code(
    "second",
    "// promote: lib/evaluation/second.ts\n/** Two more. */\nconst twoMore = async (value: number): Promise<number> => await oneMore(oneMore(value));",
    [],
    ["promote"],
  );
  const use = code("use", "console.log(await twoMore(1), oneMore(1))");
  await withSmallRepository([first, second, use], async ({ promote, notebookNow, files }) => {
    const untouched = await files();
    assert.deepEqual((await promote({ cell: "first", dryRun: true })).files, [
      "lib/features/first.ts",
      "lib/features/mod.ts",
      "tests/lib/features/first_test.ts",
      "notebooks/basket.ipynb",
    ]);
    assert.deepEqual(await files(), untouched);
    await promote({ cell: "first" });
    const [one, two] = (await notebookNow()).cells;
    assert.equal(one?.source, `import { oneMore } from "shopflow/features/first.ts";`);
    assert.equal(two?.source, second.source);
  });
  await withSmallRepository([first, second, use], async ({ promote, read, folder }) => {
    await promote();
    assert.match(
      await read("lib/evaluation/second.ts"),
      /^import \{ oneMore \} from "shopflow\/features\/first\.ts";\n/,
    );
    assert.match(
      await read("tests/lib/evaluation/second_test.ts"),
      /async \(\) => \{\n {2}assert\.deepEqual\(await twoMore\(1\), 3\);/,
    );
    assert.match(await deno(folder, "test", "--quiet", "--no-check", "tests"), /2 passed/);
  });
});

Deno.test("a function joins a module and its test that exist; one without an example gets a test that fails", async () => {
  const promoted = `// promote: lib/features/rounding.ts
import { ShopError } from "shopflow/errors/mod.ts";
/** The map of names to themselves. */
function nameMap(names: string[]): Map<string, string> {
  if (names.length > 9) throw new ShopError("too many");
  return new Map(names.map((name) => [name, name]));
}`;
  await withSmallRepository(plain(promoted, "nameMap(['a'])", "ShopError.name"), async (repository) => {
    const { promote, read, write, folder, notebookNow } = repository;
    const existing = `import { roundTo } from "shopflow/features/rounding.ts";
import assert from "node:assert/strict";

Deno.test("numbers are rounded", () => {
  assert.equal(roundTo(1.26, { digits: 1 }), 1.3);
});
`;
    await write("tests/lib/features/rounding_test.ts", existing);
    const { examples } = await promote();
    assert.deepEqual(examples, { nameMap: 0 });
    assert.match(
      await read("lib/features/rounding.ts"),
      /^import \{ ShopError \}[\s\S]*export function roundTo[\s\S]*export function nameMap/,
    );
    assert.equal(
      (await notebookNow()).cells[0]!.source,
      `import { ShopError } from "shopflow/errors/mod.ts";\nimport { nameMap } from "shopflow/features/rounding.ts";`,
    );
    assert.match(
      await read("lib/features/mod.ts"),
      /export \{ nameMap, type Rounding, roundTo \} from "\.\/rounding\.ts";/,
    );
    const test = await read("tests/lib/features/rounding_test.ts");
    assert.match(test, /import \{ nameMap, roundTo \} from[\s\S]*numbers are rounded[\s\S]*assert\.fail\(/);
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--quiet", "tests"],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    assert.equal(success, false);
    assert.match(
      new TextDecoder().decode(stdout),
      /nameMap came from notebooks\/basket\.ipynb without an example/,
    );
    assert.match(new TextDecoder().decode(stdout), /1 passed \| 1 failed/);
  });
});

Deno.test("a promotion that died between two files is finished by the next one", async () => {
  const promoted =
    "// promote: lib/features/first.ts\n/** One more. */\nfunction oneMore(value: number) { return value + 1 }";
  await withSmallRepository(plain(promoted, "oneMore(1)"), async ({ promote, files, write, notebook }) => {
    const before = await Deno.readTextFile(notebook);
    await promote();
    const whole = await files();
    // The notebook is written last.
    await Deno.writeTextFile(notebook, before);
    await promote();
    assert.deepEqual(await files(), whole);
    await Deno.writeTextFile(notebook, before.replace("value + 1", "value + 2"));
    await assert.rejects(promote(), /names that the module does not have yet, found oneMore/);
    await write("lib/features/mod.ts", whole["lib/features/mod.ts"]!);
  });
});

Deno.test("a notebook that was saved while the promotion ran is not overwritten", async () => {
  const promoted =
    "// promote: lib/features/first.ts\n/** One more. */\nfunction oneMore(value: number) { return value + 1 }";
  const pause = "await new Promise((resolve) => setTimeout(resolve, 2000)); oneMore(1)";
  await withSmallRepository(plain(promoted, pause), async ({ promote, files, notebook, folder }) => {
    const promotion = promote();
    const edited = (await Deno.readTextFile(notebook)).replace("oneMore(1)", "oneMore(7)");
    await Promise.all([
      assert.rejects(promotion, /was changed meanwhile/),
      new Promise((resolve) => setTimeout(resolve, 1500)).then(() => Deno.writeTextFile(notebook, edited)),
    ]);
    assert.equal(await Deno.readTextFile(notebook), edited);
    assert.equal(Object.keys(await files()).some((path) => path.includes("first")), false);
    assert.ok(folder);
  });
});

Deno.test("a killed promotion leaves the repository as it was or a beginning of it that the next one finishes", async () => {
  const promoted =
    "// promote: lib/features/first.ts\n/** One more. */\nfunction oneMore(value: number) { return value + 1 }";
  await withSmallRepository(plain(promoted, "oneMore(1)"), async ({ promote, files, notebook, folder }) => {
    const before = await files();
    const module = new URL("../../../../lib/notebook/promotion/mod.ts", import.meta.url).href;
    const runtime = new URL("../../../../lib/runtime/mod.ts", import.meta.url).href;
    const program = join(folder, "..", "promote.ts");
    await Deno.writeTextFile(
      program,
      `
import { promoteCells } from "${module}";
import { createRuntime } from "${runtime}";
await promoteCells(${JSON.stringify(notebook)}, ${JSON.stringify(folder)}, {
  config: { home: ${JSON.stringify(join(folder, ".."))}, lakeUrl: ${
        JSON.stringify(join(folder, "..", "lake"))
      } },
  runtime: createRuntime(),
}, { check: false });`,
    );
    const root = new URL("../../../..", import.meta.url).pathname;
    for (const milliseconds of [400, 1500, 3000]) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--allow-all", "--no-lock", "--config", join(root, "deno.json"), program],
        stdout: "null",
        stderr: "null",
      }).spawn();
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      try {
        child.kill("SIGKILL");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended
      }
      await child.status;
      const now = await files();
      const notebookIsNew = now["notebooks/basket.ipynb"] !== before["notebooks/basket.ipynb"];
      if (notebookIsNew) break;
      for (const [path, text] of Object.entries(before)) assert.equal(now[path], text, path);
    }
    const now = await files();
    if (now["notebooks/basket.ipynb"] === before["notebooks/basket.ipynb"]) await promote();
    assert.match((await files())["lib/features/first.ts"]!, /export function oneMore/);
  });
});
