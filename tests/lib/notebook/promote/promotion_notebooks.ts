import assert from "node:assert/strict";
import type { Cell } from "../../../../lib/notebook/format/nbformat.ts";
import { code, prose } from "../diff/cells.ts";
import type { SmallRepository, Stubs } from "./small_repository.ts";

/** A cell with a function that needs a type, a constant, and imports of other cells. */
export const BASKET = `// promote: lib/ml/basket.ts
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

/** A notebook whose cell `basket` is to be promoted. */
export const cells = (promoted: string, ...more: Cell[]): Cell[] => [
  prose("title", "# Baskets"),
  code(
    "imports",
    `import { roundTo, type Rounding } from "../lib/ml/mod.ts";\nimport { min, sum } from "npm:d3-array@3.2.4";`,
  ),
  code("parameters", `const price = 3;`, [], ["parameters"]),
  code("basket", promoted, [], ["promote", "hide-input"]),
  code(
    "total",
    `const lines = [{ sku: "a", price }, { sku: "b", price: 1.005 }];\nconsole.log(basketTotal(lines));\nbasketTotal([])`,
  ),
  ...more,
];

/** A notebook of a cell to promote and cells that use it. */
export const plain = (promoted: string, ...more: string[]): Cell[] => [
  code("promoted", promoted, [], ["promote"]),
  ...more.map((source, i) => code(`use-${i}`, source)),
];

/** Checks that a promotion is refused and leaves every file as it was. */
export async function refuses(
  { promote, files, folder }: SmallRepository,
  message: RegExp,
  stubs: Stubs = {},
): Promise<void> {
  const before = await files();
  await assert.rejects(promote({}, stubs), message);
  assert.deepEqual(await files(), before);
  assert.equal((await Array.fromAsync(Deno.readDir(folder))).some(({ name }) => name === "tests"), false);
}

/** Runs Deno in a folder and returns what it prints; it must succeed. */
export async function deno(folder: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.ok(success, text);
  return text;
}
