import { NotebookError } from "shopflow/errors/mod.ts";
import { createDirectoryStore } from "shopflow/lake/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { type CellDifference, compareOutputs } from "../compare_outputs.ts";
import { executeNotebook, type ExecuteOptions, withoutOutputs } from "../execute_notebook.ts";
import type { ReadFact } from "../jupyter/kernel_messages.ts";
import type { KernelLake } from "../jupyter/kernel_environment.ts";
import type { CodeCell, Notebook } from "../nbformat.ts";
import { formatNotebook } from "../notebook_file.ts";
import { injectParameters, type Parameters, parameterValues, readParameters } from "../parameters.ts";
import type { NotebookRun } from "../run_record.ts";
import { readCalls, type RecordedCalls, recordingSource } from "./call_recorder.ts";
import type { PromotionPlan } from "./plan_promotion.ts";
import type { PromotionCell } from "./promotion_cell.ts";
import type { Shadow } from "./shadow.ts";

/** Where the notebook reads, and who is told. */
export interface PromotionContext {
  config: KernelLake;
  runtime: Runtime;
}

export interface ProofOptions extends ExecuteOptions {
  /** Values that replace the notebook's own in both runs. */
  parameters?: Parameters;
}

/** What is to be proved, and by what. */
export interface Proof {
  plan: PromotionPlan;
  promotions: PromotionCell[];
  notebook: Notebook;
  /** Its path from the top of the repository. */
  name: string;
  /** A file of the repository as it is. */
  read: (path: string) => Promise<string | undefined>;
  shadow: Shadow;
  context: PromotionContext;
  options: ProofOptions;
}

/** What the run before a promotion did. */
export interface Evidence {
  /** The calls of the functions, by their names. */
  calls: Map<string, RecordedCalls>;
  /** Snapshots and models that it read. */
  reads: ReadFact[];
}

/**
 * Runs the notebook before and after a promotion, in the shadow.
 *
 * @throws {NotebookError} when a run fails, the promoted code is not called, or an output differs.
 */
export async function proveOutputs(proof: Proof): Promise<Evidence> {
  const { plan, promotions, notebook, name, shadow, read } = proof;
  for (const path of plan.modules.keys()) await shadow.write(path, await read(path));
  const callsFile = join(shadow.folder, `.calls-${crypto.randomUUID()}.jsonl`);
  await Deno.writeTextFile(callsFile, "");
  const sources = new Map(promotions.map((one) => [one.cell.id, recordingSource(one, callsFile)]));
  const before = await run(withSources(notebook, sources), "before", proof, { check: false });
  const calls = await readCalls(callsFile);
  const idle = plan.functions.filter(({ name }) => !calls.has(name));
  if (idle.length > 0) {
    throw new NotebookError("Outputs prove nothing of code that does not run", {
      expected: `a call of ${idle.map((one) => one.name).join(", ")} in ${name}`,
      found: "none",
      remedy: "Call it in a cell that shows the result.",
    });
  }
  for (const [path, text] of plan.modules) await shadow.write(path, text);
  const after = await run(plan.notebook, "after", proof, { pinned: before.record.reads });
  const differences = compareOutputs(before.notebook, after.notebook);
  if (differences.length === 0) return { calls, reads: before.record.reads };
  throw await refusal(differences, before, proof, withSources(notebook, sources));
}

/** Runs a notebook in the shadow; its record is nobody's run, and goes with the shadow. */
async function run(
  notebook: Notebook,
  when: "before" | "after",
  { name, shadow, context, options }: Proof,
  { pinned, check }: { pinned?: ReadFact[]; check?: boolean },
): Promise<NotebookRun> {
  const { parameters = {} } = options;
  const declared = parameterValues(readParameters(notebook, name));
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

function withSources(notebook: Notebook, sources: Map<string, string>): Notebook {
  const cells = notebook.cells.map((cell) =>
    cell.cell_type === "code" && sources.has(cell.id)
      ? { ...cell, source: sources.get(cell.id)! } satisfies CodeCell
      : cell
  );
  return { ...notebook, cells };
}
