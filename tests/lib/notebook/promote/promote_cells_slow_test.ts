import assert from "node:assert/strict";
import { code } from "../diff/cells.ts";
import { BASKET, cells, deno, plain, refuses } from "./promotion_notebooks.ts";
import { verifiedWith, withSmallRepository } from "./small_repository.ts";

Deno.test("a promoted function is a module, an import in the notebook, and a test that passes", async () => {
  await withSmallRepository(cells(BASKET), async (repository) => {
    const { folder, promote, read, notebookNow, write } = repository;
    const config = JSON.parse(await read("deno.json"));
    config.imports["d3-array"] = "npm:d3-array@3.2.4";
    config.imports["@types/d3-array"] = "npm:@types/d3-array@3.2.2";
    await write("deno.json", JSON.stringify(config));
    const promotion = await promote();
    assert.deepEqual(promotion.functions, [{ name: "basketTotal", target: "lib/ml/basket.ts" }]);
    assert.equal(
      await read("lib/ml/basket.ts"),
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
    assert.match(await read("lib/ml/mod.ts"), /^export \{ basketTotal \} from "\.\/basket\.ts";$/m);
    const cell = (await notebookNow()).cells.find(({ id }) => id === "basket");
    assert.equal(cell?.source, `import { basketTotal } from "shopflow/ml/mod.ts";`);
    assert.deepEqual(cell.metadata.tags, ["hide-input"]);

    assert.deepEqual(promotion.examples, { basketTotal: 2 });
    const test = await read("tests/lib/ml/basket_test.ts");
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
  const promoted = `// promote: lib/ml/origin.ts
/** Where this code is. */
function origin(): string {
  return new Error().stack?.includes("/lib/ml/") ? "library" : "notebook";
}`;
  await withSmallRepository(plain(promoted, `console.log("same")`, `origin()`), async (repository) => {
    await refuses(repository, /changes the notebook's outputs: .*differences in cell use-1 \(text\/plain\)/);
  });
});

Deno.test("a notebook whose outputs differ from run to run is distinguished from a change", async () => {
  const promoted = `// promote: lib/ml/doubled.ts
/** Twice a number. */
function doubled(value: number): number {
  return 2 * value;
}`;
  await withSmallRepository(plain(promoted, `doubled(Math.random())`), async (repository) => {
    await refuses(repository, /differ between two identical runs.*cell use-0/);
  });
});

Deno.test("several cells are promoted at once, one using the other, or a single one by its id", async () => {
  const first = code(
    "first",
    "// promote: lib/ml/first.ts\n/** One more. */\nfunction oneMore(value: number): number { return value + 1; }",
    [],
    ["promote"],
  );
  const second = code(
    "second",
    "// promote: lib/churn/second.ts\n/** Two more. */\nconst twoMore = async (value: number): Promise<number> => await oneMore(oneMore(value));",
    [],
    ["promote"],
  );
  const use = code("use", "console.log(await twoMore(1), oneMore(1))");
  await withSmallRepository([first, second, use], async ({ promote, notebookNow, files }) => {
    const untouched = await files();
    const verified = verifiedWith();
    assert.deepEqual((await promote({ cell: "first", dryRun: true }, verified)).files, [
      "lib/ml/first.ts",
      "lib/ml/mod.ts",
      "tests/lib/ml/first_test.ts",
      "notebooks/basket.ipynb",
    ]);
    assert.deepEqual(await files(), untouched);
    await promote({ cell: "first" }, verified);
    const [one, two] = (await notebookNow()).cells;
    assert.equal(one?.source, `import { oneMore } from "shopflow/ml/mod.ts";`);
    assert.equal(two?.source, second.source);
  });
  await withSmallRepository([first, second, use], async ({ promote, read, folder }) => {
    await promote();
    assert.match(
      await read("lib/churn/second.ts"),
      /^import \{ oneMore \} from "shopflow\/ml\/first\.ts";\n/,
    );
    assert.match(
      await read("tests/lib/churn/second_test.ts"),
      /async \(\) => \{\n {2}assert\.deepEqual\(await twoMore\(1\), 3\);/,
    );
    assert.match(await deno(folder, "test", "--quiet", "--no-check", "tests"), /2 passed/);
  });
});

Deno.test("a function joins a module and its test that exist; one without an example gets a test that fails", async () => {
  const promoted = `// promote: lib/ml/rounding.ts
import { ShopError } from "shopflow/errors/mod.ts";
/** The map of names to themselves. */
function nameMap(names: string[]): Map<string, string> {
  if (names.length > 9) throw new ShopError("too many");
  return new Map(names.map((name) => [name, name]));
}`;
  await withSmallRepository(plain(promoted, "nameMap(['a'])", "ShopError.name"), async (repository) => {
    const { promote, read, write, folder, notebookNow } = repository;
    const existing = `import { roundTo } from "shopflow/ml/rounding.ts";
import assert from "node:assert/strict";

Deno.test("numbers are rounded", () => {
  assert.equal(roundTo(1.26, { digits: 1 }), 1.3);
});
`;
    await write("tests/lib/ml/rounding_test.ts", existing);
    // A map is no JSON, so its calls are no examples.
    const { examples } = await promote({}, verifiedWith());
    assert.deepEqual(examples, { nameMap: 0 });
    assert.match(
      await read("lib/ml/rounding.ts"),
      /^import \{ ShopError \}[\s\S]*export function roundTo[\s\S]*export function nameMap/,
    );
    assert.equal(
      (await notebookNow()).cells[0]!.source,
      `import { ShopError } from "shopflow/errors/mod.ts";\nimport { nameMap } from "shopflow/ml/mod.ts";`,
    );
    assert.match(
      await read("lib/ml/mod.ts"),
      /export \{ nameMap, type Rounding, roundTo \} from "\.\/rounding\.ts";/,
    );
    const test = await read("tests/lib/ml/rounding_test.ts");
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
