import { NotebookError } from "shopflow/errors/mod.ts";
import { workingFolders } from "shopflow/runtime/mod.ts";
import { dirname, join, relative, resolve } from "node:path";
import { DENO_KERNELSPEC } from "../format/nbformat.ts";
import {
  type FileChange,
  formatNotebook,
  parseNotebook,
  readIfThere,
  readNotebookText,
  replaceFiles,
} from "../format/notebook_file.ts";
import { planPromotion, type PromotionPlan } from "./plan.ts";
import { promotionCells } from "./cell.ts";
import { type PromotionContext, type ProofOptions, proveOutputs } from "./verify.ts";
import { createShadow, type Shadow } from "./sandbox.ts";
import { testPath, writeTests } from "./tests.ts";

export interface PromoteOptions extends ProofOptions {
  /** Id of the only cell to promote. Default all that are tagged. */
  cell?: string;
  /**
   * Whether the test gets calls of the notebook as examples. Default only when the notebook read nothing of the
   * lake: rows of the shop, its customers among them, do not belong in version control unless somebody says so.
   */
  examples?: boolean;
  /** Runs the proof, but writes nothing. */
  dryRun?: boolean;
}

/** A promotion that was proved. */
export interface Promotion {
  functions: { name: string; target: string }[];
  /** The files that were written, by their paths from the top of the repository. */
  files: string[];
  /** How many calls of the notebook became assertions, by function; 0 where the test still has to be written. */
  examples: Record<string, number>;
}

/**
 * Moves the cells of a notebook that are tagged `promote` to `lib/` and proves that the notebook says the same
 * afterwards: it is run before and after, on the same snapshot and models, in a shadow of the repository. The
 * repository changes only when the modules pass `deno fmt`, `deno lint` and `deno check`, the functions were called,
 * and all outputs are equal.
 *
 * @param path the notebook file
 * @param root the top of the repository
 * @throws {NotebookError} when a cell cannot be promoted, or the outputs differ; then nothing was written.
 */
export async function promoteCells(
  path: string,
  root: string,
  context: PromotionContext,
  options: PromoteOptions = {},
): Promise<Promotion> {
  const text = await readNotebookText(path);
  const notebook = parseNotebook(text, path);
  const name = relative(resolve(root), resolve(path));
  if (name.startsWith("..")) {
    throw new NotebookError("The notebook is outside of the repository", { expected: root, found: path });
  }
  if (notebook.metadata.kernelspec.name !== DENO_KERNELSPEC.name) {
    throw new NotebookError("Only code of the Deno kernel can go to lib/", {
      expected: DENO_KERNELSPEC.name,
      found: notebook.metadata.kernelspec.name,
    });
  }
  const promotions = promotionCells(notebook, options.cell);
  const packages = packagesOf(await readIfThere(join(root, "deno.json")));
  const read = (file: string) => readIfThere(join(root, file));
  const plan = await planPromotion(notebook, promotions, dirname(name), { read, packages });
  const targets = [...new Set(promotions.map(({ target }) => target))];
  const files = [...plan.modules.keys(), ...targets.map(testPath)];
  await using shadow = await createShadow(root, {
    files,
    folders: [dirname(name)],
    temporaryFolder: workingFolders(context.config.home),
  });

  await writeModules(plan, shadow);
  const { calls, reads } = await proveOutputs({
    plan,
    promotions,
    notebook,
    name,
    read,
    shadow,
    context,
    options,
  });
  if (!(options.examples ?? reads.length === 0)) calls.clear();
  await writeTests(plan, calls, name, shadow, read);
  const changes: FileChange[] = [];
  for (const file of files) {
    const [before, now] = [await read(file), await shadow.read(file)];
    if (now !== undefined && now !== before) changes.push({ path: join(root, file), before, after: now });
  }
  changes.push({ path, before: text, after: formatNotebook(plan.notebook) });
  if (!options.dryRun) await replaceFiles(changes);
  const examples = plan.functions.map(({ name }) => [name, calls.get(name)?.examples.length ?? 0]);
  return {
    functions: plan.functions,
    files: changes.map((change) => relative(resolve(root), resolve(change.path))),
    examples: Object.fromEntries(examples),
  };
}

/** Puts the modules into the shadow as they are to be, formatted, without complaints of linter or compiler. */
async function writeModules({ modules }: PromotionPlan, shadow: Shadow): Promise<void> {
  const paths = [...modules.keys()];
  for (const [path, text] of modules) await shadow.write(path, text);
  await shadow.deno("The promoted code cannot be formatted", "fmt", "--quiet", ...paths);
  await shadow.deno("The promoted code does not pass the linter", "lint", "--quiet", ...paths);
  await shadow.deno("The promoted code has wrong types", "check", "--quiet", ...paths);
  for (const path of paths) modules.set(path, (await shadow.read(path))!);
}

function packagesOf(config: string | undefined): Record<string, string> {
  return (JSON.parse(config ?? "{}") as { imports?: Record<string, string> }).imports ?? {};
}
