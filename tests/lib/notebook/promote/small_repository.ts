import { join } from "node:path";
import { formatNotebook, readNotebook } from "shopflow/notebook/mod.ts";
import type { Cell, Notebook } from "../../../../lib/notebook/format/nbformat.ts";
import { promoteCells, type Promotion } from "shopflow/notebook/promote/mod.ts";
import type { PromoteOptions } from "../../../../lib/notebook/promote/promote_cells.ts";
import type { PromotionContext, RecordedCalls } from "../../../../lib/notebook/promote/verify.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";
import { notebookOf } from "../diff/cells.ts";

const ROOT = new URL("../../../..", import.meta.url).pathname;

/** A repository with the modules and rules of ours, three small modules, and one notebook. */
export interface SmallRepository {
  folder: string;
  /** Path of its notebook. */
  notebook: string;
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  notebookNow(): Promise<Notebook>;
  /**
   * Types of cells are checked only when `options` say so, to save time.
   *
   * @param verify in the place of the runs before and after, see {@linkcode verifiedWith}
   */
  promote(options?: PromoteOptions, verify?: Verify): Promise<Promotion>;
  /** All its files with their texts, to see that nothing changed. */
  files(): Promise<Record<string, string>>;
}

type Verify = NonNullable<PromotionContext["verify"]>;

/** A verification whose runs were equal, in which functions were called so; each takes what its arguments need. */
export const verifiedWith = (calls: Record<string, RecordedCalls["examples"]> = {}): Verify => ({ plan }) =>
  Promise.resolve({
    calls: new Map(plan.functions.map(({ name }) => [name, { called: true, examples: calls[name] ?? [] }])),
    lineage: [],
  });

const MODULES: Record<string, string> = {
  "lib/errors/mod.ts": `export { ShopError } from "./shop_error.ts";\n`,
  "lib/errors/shop_error.ts":
    `/** Something is wrong with the shop. */\nexport class ShopError extends Error {}\n`,
  "lib/ml/mod.ts": `/** Features. */\nexport { roundTo, type Rounding } from "./rounding.ts";\n`,
  "lib/ml/rounding.ts": `/** How numbers are rounded. */
export interface Rounding {
  digits: number;
}

/** A number with so many digits after the point. */
export function roundTo(value: number, { digits }: Rounding): number {
  return Number(value.toFixed(digits));
}
`,
  "lib/notebook/mod.ts": `export const show = (value: unknown) => console.log(value);\n`,
};

/** Runs `body` with a repository whose notebook has these cells. */
export async function withSmallRepository(
  cells: Cell[],
  body: (repository: SmallRepository) => Promise<void>,
): Promise<void> {
  await withTemporaryFolder(async (home) => {
    const folder = join(home, "repository");
    const { imports, compilerOptions, fmt, lint } = JSON.parse(
      await Deno.readTextFile(join(ROOT, "deno.json")),
    );
    const write = async (path: string, text: string) => {
      await Deno.mkdir(join(folder, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(folder, path), text);
    };
    await write("deno.json", JSON.stringify({ nodeModulesDir: "none", imports, compilerOptions, fmt, lint }));
    await Deno.copyFile(join(ROOT, "deno.lock"), join(folder, "deno.lock"));
    for (const [path, text] of Object.entries(MODULES)) await write(path, text);
    const notebook = join(folder, "notebooks", "basket.ipynb");
    await write("notebooks/basket.ipynb", formatNotebook(notebookOf(...cells)));
    const runtime = createRuntime({ log: createLogger(() => {}), progress: silentProgress });
    const config = { home, lakeUrl: join(home, "lake") };
    await body({
      folder,
      notebook,
      write,
      read: (path) => Deno.readTextFile(join(folder, path)),
      notebookNow: () => readNotebook(notebook),
      promote: (options, verify) =>
        promoteCells(notebook, folder, { config, runtime, ...(verify && { verify }) }, {
          check: false,
          ...options,
        }),
      files: () => textsBelow(folder),
    });
  });
}

async function textsBelow(folder: string, path = ""): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(join(folder, path))) {
    const inside = join(path, name);
    if (isDirectory) Object.assign(texts, await textsBelow(folder, inside));
    else texts[inside] = await Deno.readTextFile(join(folder, inside));
  }
  return texts;
}
