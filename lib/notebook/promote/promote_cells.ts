import { NotebookError } from "shopflow/errors/mod.ts";
import { workingFolders } from "shopflow/runtime/mod.ts";
import { dirname, join, relative, resolve } from "node:path";
import { DENO_KERNELSPEC, kernelNameOf } from "../format/nbformat.ts";
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
import { type PromotionContext, type VerifyOptions, verifyOutputs } from "./verify.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";
import { testPath, writeTests } from "./tests.ts";

export interface PromoteOptions extends VerifyOptions {
  /** Id of the only cell to promote. Default all that are tagged. */
  cell?: string;
  /**
   * Whether the test gets calls of the notebook as examples. Default only when the notebook read nothing of the
   * lake: rows of the shop, its customers among them, do not belong in version control unless somebody says so.
   */
  examples?: boolean;
  /** Verifies the promotion, but writes nothing. */
  dryRun?: boolean;
}

/** A promotion that was verified. */
export interface Promotion {
  functions: { name: string; target: string }[];
  /** The files that were written, by their paths from the top of the repository. */
  files: string[];
  /** How many calls of the notebook became assertions, by function; 0 where the test still has to be written. */
  examples: Record<string, number>;
}

/**
 * Moves the cells of a notebook that are tagged `promote` to `lib/` and verifies that the notebook's outputs
 * stay the same: it is run before and after, on the same snapshot and models, in a sandbox. The
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
  if (kernelNameOf(notebook) !== DENO_KERNELSPEC.name) {
    throw new NotebookError("Only notebooks of the Deno kernel can be promoted", {
      expected: DENO_KERNELSPEC.name,
      found: kernelNameOf(notebook) ?? "no kernel",
    });
  }
  const promotions = promotionCells(notebook, options.cell);
  const packages = packagesOf(await readIfThere(join(root, "deno.json")));
  const read = (file: string) => readIfThere(join(root, file));
  const plan = await planPromotion(notebook, promotions, dirname(name), { read, packages });
  const targets = [...new Set(promotions.map(({ target }) => target))];
  const files = [...plan.modules.keys(), ...targets.map(testPath)];
  await using sandbox = await createSandbox(root, {
    files,
    folders: [dirname(name)],
    temporaryFolder: workingFolders(context.config.home),
    deno: context.deno,
  });

  await writeModules(plan, sandbox);
  const { verify = verifyOutputs } = context;
  const { calls, lineage } = await verify({
    plan,
    promotions,
    notebook,
    name,
    read,
    sandbox,
    context,
    options,
  });
  if (!(options.examples ?? lineage.length === 0)) calls.clear();
  await writeTests(plan, calls, name, sandbox, read);
  const changes: FileChange[] = [];
  for (const file of files) {
    const [before, now] = [await read(file), await sandbox.read(file)];
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

/** Puts the modules into the sandbox as they are to be, formatted, without complaints of linter or compiler. */
async function writeModules({ modules }: PromotionPlan, sandbox: Sandbox): Promise<void> {
  const paths = [...modules.keys()];
  for (const [path, text] of modules) await sandbox.write(path, text);
  await sandbox.deno("The promoted code cannot be formatted", "fmt", "--quiet", ...paths);
  await sandbox.deno("The promoted code does not pass the linter", "lint", "--quiet", ...paths);
  await sandbox.deno("The promoted code has wrong types", "check", "--quiet", ...paths);
  for (const path of paths) {
    const formatted = await sandbox.read(path);
    if (formatted !== undefined) modules.set(path, formatted);
  }
}

function packagesOf(config: string | undefined): Record<string, string> {
  return (JSON.parse(config ?? "{}") as { imports?: Record<string, string> }).imports ?? {};
}
