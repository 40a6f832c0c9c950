import ts from "typescript";
import { parseCode } from "./names.ts";
import type { PromotionCell } from "./cell.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { type CellDifference, compareOutputs } from "../run/rerun.ts";
import { executeNotebook, type ExecuteOptions, withoutOutputs } from "../run/execute_notebook.ts";
import type { LineageEntry } from "../kernel/messages.ts";
import type { KernelLake } from "../kernel/environment.ts";
import type { CodeCell, Notebook } from "../format/nbformat.ts";
import { formatNotebook } from "../format/notebook_file.ts";
import { injectParameters, type Parameters, parameterValues, readParameters } from "../format/parameters.ts";
import type { NotebookRun } from "../run/record.ts";
import type { PromotionPlan } from "./plan.ts";
import type { Sandbox } from "./sandbox.ts";

/** A call of a function that can be written down: arguments and result are JSON. */
interface CallExample {
  arguments: unknown[];
  result: unknown;
  /** Whether the result came as a promise. */
  isPromise: boolean;
}

/** What a notebook did with a function. */
export interface RecordedCalls {
  called: boolean;
  examples: CallExample[];
}

/** Calls that are looked at, and the longest text of one that is kept. */
const LOOKED_AT = 20, LONGEST = 1000;
/** Examples kept of one function. */
const EXAMPLES = 2;

/**
 * The source of a promoted cell whose functions write down their calls.
 *
 * @param file where to; see {@linkcode readCalls}
 */
function recordingSource({ cell, code, declarations }: PromotionCell, file: string): string {
  const recorder = `shopflow_recorder_${cell.id.replaceAll(/\W/g, "_")}`;
  const wrapped = parseCode(code);
  const edits: { at: number; text: string }[] = [];
  const reassigned: string[] = [];
  for (const statement of wrapped.statements) {
    if (ts.isFunctionDeclaration(statement) && statement.name) reassigned.push(statement.name.text);
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!initializer || !(ts.isArrowFunction(initializer) || ts.isFunctionExpression(initializer))) {
        continue;
      }
      edits.push({ at: initializer.getStart(), text: `${recorder}(${JSON.stringify(name.getText())}, ` });
      edits.push({ at: initializer.getEnd(), text: ")" });
    }
  }
  if (declarations.length === 0) return cell.source;
  const body = edits.toReversed().reduce(
    (text, { at, text: more }) => text.slice(0, at) + more + text.slice(at),
    code,
  );
  return [
    recorderCode(recorder, file),
    body,
    ...reassigned.map((name) => `${name} = ${recorder}(${JSON.stringify(name)}, ${name});`),
    "undefined;",
  ].join("\n");
}

/** The calls that were written down, by function. */
async function readCalls(file: string): Promise<Map<string, RecordedCalls>> {
  const lines = (await Deno.readTextFile(file)).split("\n").filter((line) => line !== "");
  const calls = new Map<string, RecordedCalls>();
  for (const line of lines) {
    const { name, example } = JSON.parse(line) as { name: string; example?: CallExample };
    const known = calls.get(name) ?? { called: true, examples: [] };
    const isNew = example &&
      known.examples.every((other) => JSON.stringify(other) !== JSON.stringify(example));
    if (isNew && known.examples.length < EXAMPLES) known.examples.push(example);
    calls.set(name, known);
  }
  return calls;
}

/** Arguments are noted before the call, which may change them. What JSON cannot hold is no example, but a call. */
function recorderCode(recorder: string, file: string): string {
  return `const ${recorder} = await (async () => {
  const { isDeepStrictEqual } = await import("node:util");
  const note = (line) => Deno.writeTextFileSync(${
    JSON.stringify(file)
  }, JSON.stringify(line) + "\\n", { append: true });
  const plain = (value) => {
    let text;
    try {
      text = JSON.stringify(value);
    } catch {
      return undefined; // circular, or with a BigInt
    }
    return text !== undefined && text.length <= ${LONGEST} && isDeepStrictEqual(JSON.parse(text), value) ? { text } : undefined;
  };
  return (name, original) => {
    let calls = 0;
    return new Proxy(original, {
      apply(target, self, list) {
        if (++calls > ${LOOKED_AT}) return Reflect.apply(target, self, list);
        if (calls === 1) note({ name });
        const given = plain(list);
        const outcome = Reflect.apply(target, self, list);
        const isPromise = outcome instanceof Promise;
        const keep = (result) => {
          const got = given && plain(result);
          if (got) note({ name, example: { arguments: JSON.parse(given.text), result: JSON.parse(got.text), isPromise } });
        };
        if (isPromise) outcome.then(keep, () => {});
        else keep(outcome);
        return outcome;
      },
    });
  };
})();`;
}

/** The lake that the notebook reads, and where progress goes. */
export interface PromotionContext {
  config: KernelLake;
  runtime: Runtime;
  /** Default {@linkcode verifyOutputs}; tests of everything else put their own in its place. */
  verify?: (verification: Verification) => Promise<VerifiedRun>;
  /** Default: the real `deno`, which formats, lints, checks and tests in the sandbox. */
  deno?: Sandbox["deno"];
}

export interface VerifyOptions extends ExecuteOptions {
  /** Values that replace the notebook's own in both runs. */
  parameters?: Parameters;
}

/** What is verified, and with what. */
export interface Verification {
  plan: PromotionPlan;
  promotions: PromotionCell[];
  notebook: Notebook;
  /** Its path from the top of the repository. */
  name: string;
  /** A file of the repository as it is. */
  read: (path: string) => Promise<string | undefined>;
  sandbox: Sandbox;
  context: PromotionContext;
  options: VerifyOptions;
}

/** What the run before a promotion did. */
export interface VerifiedRun {
  /** The calls of the functions, by their names. */
  calls: Map<string, RecordedCalls>;
  /** Snapshots and models that it read. */
  lineage: LineageEntry[];
}

/**
 * Runs the notebook before and after a promotion, in the sandbox.
 *
 * @throws {NotebookError} when a run fails, the promoted code is not called, or an output differs.
 */
export async function verifyOutputs(verification: Verification): Promise<VerifiedRun> {
  const { plan, promotions, notebook, name, sandbox, read } = verification;
  for (const path of plan.modules.keys()) await sandbox.write(path, await read(path));
  const callsFile = join(sandbox.folder, `.calls-${crypto.randomUUID()}.jsonl`);
  await Deno.writeTextFile(callsFile, "");
  const sources = new Map(promotions.map((one) => [one.cell.id, recordingSource(one, callsFile)]));
  const before = await run(withSources(notebook, sources), "before", verification, { check: false });
  const calls = await readCalls(callsFile);
  const uncalled = plan.functions.filter(({ name }) => !calls.has(name));
  if (uncalled.length > 0) {
    throw new NotebookError("The outputs verify nothing: the promoted code is not called", {
      expected: `a call of ${uncalled.map((one) => one.name).join(", ")} in ${name}`,
      found: "none",
      remedy: "Call it in a cell that shows the result.",
    });
  }
  for (const [path, text] of plan.modules) await sandbox.write(path, text);
  const after = await run(plan.notebook, "after", verification, { pinnedVersions: before.record.lineage });
  const differences = compareOutputs(before.notebook, after.notebook);
  if (differences.length === 0) return { calls, lineage: before.record.lineage };
  throw await refusal(differences, before, verification, withSources(notebook, sources));
}

/** Runs a notebook in the sandbox; its record is deleted with the sandbox. */
async function run(
  notebook: Notebook,
  when: "before" | "after",
  { name, sandbox, context, options }: Verification,
  { pinnedVersions, check }: { pinnedVersions?: LineageEntry[]; check?: boolean },
): Promise<NotebookRun> {
  const { parameters = {} } = options;
  const declared = parameterValues(readParameters(notebook));
  const records = join(sandbox.folder, ".runs");
  await Deno.mkdir(records, { recursive: true });
  const done = await executeNotebook(
    {
      notebook: injectParameters(withoutOutputs(notebook), parameters),
      file: {
        notebook: basename(name, ".ipynb"),
        path: name,
        notebookSha256: createHash("sha256").update(formatNotebook(notebook)).digest("hex"),
      },
      folder: join(sandbox.folder, dirname(name)),
      parameters: { ...declared, ...parameters },
      ...(pinnedVersions && { pinnedVersions }),
    },
    { ...context, store: createDirectoryStore(records) },
    { ...options, check: (check ?? true) && options.check !== false },
  );
  const { failure } = done.record;
  if (!failure) return done;
  const remedy = when === "before"
    ? "Correct the notebook first: a promotion can only be verified if it runs."
    : "The promotion breaks the notebook; nothing was written.";
  throw new NotebookError(`${name} fails ${when} the promotion`, {
    found: `${failure.ename}: ${failure.evalue}${failure.cellId && ` (cell ${failure.cellId})`}`,
    remedy,
  });
}

/** Why outputs differ: since the promotion changed what is computed, or since they differ from run to run anyway. */
async function refusal(
  differences: CellDifference[],
  before: NotebookRun,
  verification: Verification,
  notebook: Notebook,
): Promise<NotebookError> {
  for (const path of verification.plan.modules.keys()) {
    await verification.sandbox.write(path, await verification.read(path));
  }
  const again = await run(notebook, "before", verification, {
    check: false,
    pinnedVersions: before.record.lineage,
  });
  const unstable = new Set(compareOutputs(before.notebook, again.notebook).map(({ cellId }) => cellId));
  const text = (cells: CellDifference[]) =>
    cells.map(({ cellId, parts }) => `cell ${cellId} (${parts.join(", ")})`).join(", ");
  const changed = differences.filter(({ cellId }) => !unstable.has(cellId));
  const details = {
    expected: "the same outputs before and after",
    found: `differences in ${text(differences)}`,
  };
  return changed.length > 0
    ? new NotebookError("The promotion changes the notebook's outputs", {
      ...details,
      found: `differences in ${text(changed)}`,
      remedy:
        "Nothing was written. The code may depend on something of the notebook that is not in the cell.",
    })
    : new NotebookError(
      "The notebook's outputs differ between two identical runs, so the promotion cannot be verified",
      {
        ...details,
        remedy: "Nothing was written. Remove time and randomness from these cells, e.g. with a parameter.",
      },
    );
}

function withSources(notebook: Notebook, sources: Map<string, string>): Notebook {
  const cells = notebook.cells.map((cell) => {
    const source = sources.get(cell.id);
    return cell.cell_type === "code" && source !== undefined ? { ...cell, source } satisfies CodeCell : cell;
  });
  return { ...notebook, cells };
}
