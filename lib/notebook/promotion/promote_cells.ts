import { NotebookError } from "shopflow/errors/mod.ts";
import { createDirectoryStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { basename, dirname, join, relative, resolve } from "node:path";
import { type CellDifference, compareOutputs } from "../compare_outputs.ts";
import {
  executeNotebook,
  type ExecuteOptions,
  type NotebookRun,
  withoutOutputs,
} from "../execute_notebook.ts";
import type { ReadFact } from "../jupyter/kernel_messages.ts";
import type { KernelLake } from "../jupyter/kernel_environment.ts";
import type { CodeCell, Notebook } from "../nbformat.ts";
import { formatNotebook, parseNotebook, readNotebookText } from "../notebook_file.ts";
import { injectParameters, type Parameters, readParameters } from "../parameters.ts";
import { readCalls, type RecordedCalls, recordingSource } from "./call_recorder.ts";
import { planPromotion, type PromotionPlan } from "./plan_promotion.ts";
import { type PromotionCell, promotionCells } from "./promotion_cell.ts";
import { type FileChange, replaceFiles } from "./replace_files.ts";
import { createShadow, readIfThere, type Shadow } from "./shadow.ts";
import { testPath, testText } from "./test_text.ts";

export interface PromoteOptions extends ExecuteOptions {
  /** Id of the only cell to promote. Default all that are tagged. */
  cell?: string;
  /** Values that replace the notebook's own in both runs. */
  parameters?: Parameters;
  /** Runs the proof, but writes nothing. */
  dryRun?: boolean;
}

/** Where the notebook reads, and who is told. */
export interface PromotionContext {
  config: KernelLake;
  runtime: Runtime;
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
  const promotions = promotionCells(notebook, options.cell);
  const packages = packagesOf(await readIfThere(join(root, "deno.json")));
  const read = (file: string) => readIfThere(join(root, file));
  const plan = await planPromotion(notebook, promotions, dirname(name), { read, packages });
  const targets = [...new Set(promotions.map(({ target }) => target))];
  const files = [...plan.modules.keys(), ...targets.map(testPath)];
  await using shadow = await createShadow(root, files, [dirname(name)]);

  await writeModules(plan, shadow);
  const calls = await prove({ plan, promotions, notebook, name, read, shadow, context, options });
  const tests = await writeTests(plan, targets, calls, name, shadow, read);
  const after = { ...plan.notebook, cells: plan.notebook.cells };
  const changes: FileChange[] = [];
  for (const file of [...plan.modules.keys(), ...tests]) {
    const [before, now] = [await read(file), await shadow.read(file)];
    if (now !== undefined && now !== before) changes.push({ path: join(root, file), before, after: now });
  }
  changes.push({ path, before: text, after: formatNotebook(after) });
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

interface Proof {
  plan: PromotionPlan;
  promotions: PromotionCell[];
  notebook: Notebook;
  name: string;
  /** A file of the repository as it is. */
  read: (path: string) => Promise<string | undefined>;
  shadow: Shadow;
  context: PromotionContext;
  options: PromoteOptions;
}

/** Runs the notebook before and after, and gives the calls of the functions in the run before. */
async function prove(proof: Proof): Promise<Map<string, RecordedCalls>> {
  const { plan, promotions, notebook, name, shadow, read } = proof;
  for (const path of plan.modules.keys()) await shadow.write(path, await read(path));
  const callsFile = join(shadow.folder, `.calls-${crypto.randomUUID()}.jsonl`);
  await Deno.writeTextFile(callsFile, "");
  const sources = new Map(promotions.map((one) => [one.cell.id, recordingSource(one, callsFile)]));
  const before = await run(withSources(notebook, sources), "before", proof, { check: false });
  const calls = await readCalls(callsFile);
  const idle = promotions.filter(({ declarations }) =>
    !declarations.some(({ names }) => names.some((name) => calls.has(name)))
  );
  if (idle.length > 0) {
    throw new NotebookError("Outputs prove nothing of code that does not run", {
      expected: `a call of ${idle.flatMap(namesOf).join(", ")} in ${name}`,
      found: "none",
      remedy: "Call it in a cell that shows the result.",
    });
  }
  for (const [path, text] of plan.modules) await shadow.write(path, text);
  const after = await run(plan.notebook, "after", proof, { pinned: before.record.reads });
  const differences = compareOutputs(before.notebook, after.notebook);
  if (differences.length === 0) return calls;
  throw await refusal(differences, before, proof, withSources(notebook, sources));
}

const namesOf = ({ declarations }: PromotionCell) =>
  declarations.filter(({ isFunction }) => isFunction).flatMap(({ names }) => names);

/** Runs a notebook in the shadow; its record is nobody's run, and goes with the shadow. */
async function run(
  notebook: Notebook,
  when: "before" | "after",
  { name, shadow, context, options }: Proof,
  { pinned, check }: { pinned?: ReadFact[]; check?: boolean },
): Promise<NotebookRun> {
  const { parameters = {} } = options;
  const declared = Object.fromEntries(readParameters(notebook, name).map((one) => [one.name, one.value]));
  const records = join(shadow.folder, ".runs");
  await Deno.mkdir(records, { recursive: true });
  const done = await executeNotebook(
    {
      notebook: injectParameters(withoutOutputs(notebook), parameters),
      file: {
        notebook: basename(name, ".ipynb"),
        path: name,
        notebookSha256: createHash("sha256").update(formatNotebook(notebook)).digest("hex"),
      },
      folder: join(shadow.folder, dirname(name)),
      parameters: { ...declared, ...parameters },
      ...(pinned && { pinned }),
    },
    { ...context, store: createDirectoryStore(records) },
    { ...options, check: (check ?? true) && options.check !== false },
  );
  const { failure } = done.record;
  if (!failure) return done;
  const remedy = when === "before"
    ? "Nothing can be proved of it before it runs."
    : "The promotion is what breaks it: nothing was written.";
  throw new NotebookError(`${name} fails ${when} the promotion`, {
    found: `${failure.ename}: ${failure.evalue}${failure.cellId && ` (cell ${failure.cellId})`}`,
    remedy,
  });
}

/** Why outputs differ: since the promotion changed what is computed, or since the notebook never says the same twice. */
async function refusal(
  differences: CellDifference[],
  before: NotebookRun,
  proof: Proof,
  notebook: Notebook,
): Promise<NotebookError> {
  for (const path of proof.plan.modules.keys()) await proof.shadow.write(path, await proof.read(path));
  const again = await run(notebook, "before", proof, { check: false, pinned: before.record.reads });
  const restless = new Set(compareOutputs(before.notebook, again.notebook).map(({ cellId }) => cellId));
  const text = (cells: CellDifference[]) =>
    cells.map(({ cellId, parts }) => `cell ${cellId} (${parts.join(", ")})`).join(", ");
  const changed = differences.filter(({ cellId }) => !restless.has(cellId));
  const details = { expected: "the same outputs before and after", found: `others in ${text(differences)}` };
  return changed.length > 0
    ? new NotebookError("The promotion changes what the notebook says", {
      ...details,
      found: `others in ${text(changed)}`,
      remedy:
        "Nothing was written. Perhaps the code depends on something of the notebook that is not in the cell.",
    })
    : new NotebookError("The notebook does not say the same twice, so that nothing can be proved", {
      ...details,
      remedy: "Nothing was written. Take time and chance out of these cells, e.g. by a parameter.",
    });
}

/** Writes the tests into the shadow, with the calls as examples if they hold there; gives their paths. */
async function writeTests(
  { functions }: PromotionPlan,
  targets: string[],
  calls: Map<string, RecordedCalls>,
  notebook: string,
  shadow: Shadow,
  read: Proof["read"],
): Promise<string[]> {
  for (const target of targets) {
    const path = testPath(target);
    const existing = await read(path);
    const tested = functions.filter((one) =>
      one.target === target && !existing?.includes(`Deno.test("${one.name} `)
    )
      .map(({ name }) => ({
        name,
        specifier: `shopflow/${target.slice("lib/".length)}`,
        calls: calls.get(name),
      }));
    if (tested.length === 0) continue;
    try {
      await writeTest(path, testText(existing, tested, notebook), shadow);
      await shadow.deno("The examples do not repeat", "test", "--quiet", "--no-check", "--allow-all", path);
    } catch (error) {
      if (!(error instanceof NotebookError)) throw error;
      // Calls that depend on time, chance or state are no examples: the test is to be written by a person.
      for (const { name } of tested) calls.delete(name);
      await writeTest(
        path,
        testText(existing, tested.map((one) => ({ ...one, calls: undefined })), notebook),
        shadow,
      );
    }
  }
  return targets.map(testPath);
}

async function writeTest(path: string, text: string, shadow: Shadow): Promise<void> {
  await shadow.write(path, text);
  await shadow.deno("The test cannot be formatted", "fmt", "--quiet", path);
  await shadow.deno("The test does not pass the linter", "lint", "--quiet", path);
  await shadow.deno("The test has wrong types", "check", "--quiet", path);
}

function withSources(notebook: Notebook, sources: Map<string, string>): Notebook {
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === "code" && sources.has(cell.id)
      ? { ...cell, source: sources.get(cell.id)! } satisfies CodeCell
      : cell
  );
  return { ...notebook, cells };
}

function packagesOf(config: string | undefined): Record<string, string> {
  return (JSON.parse(config ?? "{}") as { imports?: Record<string, string> }).imports ?? {};
}
