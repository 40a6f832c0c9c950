import { ShopFlowError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { createHash } from "node:crypto";
import { basename, dirname, relative, resolve } from "node:path";
import { executeNotebook, type ExecuteOptions, type RunContext, withoutOutputs } from "./execute_notebook.ts";
import { DENO_KERNELSPEC, type Notebook } from "../format/nbformat.ts";
import { markFailed, newRun, type NotebookRun, RecordedFailure, type RunFile, runKey } from "./record.ts";
import { formatNotebook, parseNotebook, readNotebookText } from "../format/notebook_file.ts";
import {
  injectParameters,
  type Parameters,
  parameterValues,
  parseAssignments,
  readParameters,
  unreadLines,
} from "../format/parameters.ts";
import {
  type FilledParameters,
  fillParameters,
  findLastSale,
  type ParameterRules,
} from "../format/parameter_rules.ts";
import { readReport } from "../format/report_declaration.ts";

interface RunOptions extends ExecuteOptions {
  /** Values that replace the notebook's own. */
  parameters?: Parameters;
  /** The same as texts, `name=value`, which are read as the types that the notebook declares. */
  assignments?: string[];
  /** What the notebook's rules give, where the caller has found it already; by default it is found here. */
  filled?: FilledParameters | undefined;
}

/**
 * Runs a notebook from top to bottom in its kernel, whose working directory is the notebook's folder, up to the
 * first cell that fails, and keeps the executed notebook in the store: from the start on, so that a run is seen
 * whose program is killed. A failing cell is a result, not an exception: see the record's status.
 *
 * Parameters have the values that the caller gives, else those of the report's declaration (values or as-of rules),
 * else those of the parameters cell. A run whose dates come from rules reads the snapshot that they were taken from.
 *
 * @throws {NotebookError} when there is no such file, or a parameter does not fit.
 * @throws {RecordedFailure} when the file is no notebook, a rule is invalid or finds no data, or the kernel does not
 *   start.
 */
export async function runNotebook(
  path: string,
  context: RunContext,
  options: RunOptions = {},
): Promise<NotebookRun> {
  const text = await readNotebookText(path);
  const file: RunFile = {
    notebook: basename(path, ".ipynb"),
    path: pathFromHere(path),
    notebookSha256: createHash("sha256").update(text).digest("hex"),
  };
  const { source, declared, report } = await orRecord(file, context, () => {
    const source = parseNotebook(text, path);
    const declared = readParameters(source);
    return { source, declared, report: readReport(source, declared, path) };
  });
  const given = {
    ...options.parameters,
    ...parseAssignments(declared, options.assignments ?? [], unreadLines(source)),
  };
  const rules = report?.rules ?? {};
  const open = Object.fromEntries(Object.entries(rules).filter(([name]) => !(name in given)));
  const filled = options.filled ?? await orRecord(file, context, () => fill(open, context.store, path));
  const parameters = { ...report?.parameters, ...filled.values, ...given };
  const notebook = injectParameters(withoutOutputs(source), parameters);
  return await executeNotebook(
    {
      notebook,
      file,
      folder: dirname(resolve(path)),
      parameters: { ...parameterValues(declared), ...parameters },
      parameterRules: filled.rules,
      ...(filled.snapshot && {
        // A snapshot that is published meanwhile has another last sale.
        pinnedVersions: [{ kind: "snapshot" as const, name: "lake", version: filled.snapshot }],
      }),
    },
    context,
    options,
  );
}

async function fill(rules: ParameterRules, store: ObjectStore, name: string): Promise<FilledParameters> {
  if (Object.keys(rules).length === 0) return { values: {}, rules: {} };
  return fillParameters(rules, await findLastSale(store), name);
}

/** What goes wrong with a notebook before it can be run leaves a failed run whose only cell says so. */
async function orRecord<T>(
  file: RunFile,
  { store, runtime }: RunContext,
  prepare: () => T | Promise<T>,
): Promise<T> {
  try {
    return await prepare();
  } catch (error) {
    if (!(error instanceof ShopFlowError)) throw error;
    const unreadable = newRun(unreadableNotebook(file.notebook, error.message), file, runtime);
    const record = unreadable.metadata.shopflow;
    markFailed(record, error);
    const key = runKey(record.notebook, record.runId);
    await store.put(key, new TextEncoder().encode(formatNotebook(unreadable)));
    throw new RecordedFailure(error, { notebook: unreadable, record, key });
  }
}

function unreadableNotebook(name: string, message: string): Notebook {
  const source = `# ${name}\n\n${message}`;
  return {
    cells: [{ cell_type: "markdown", id: "unreadable", metadata: {}, source }],
    metadata: { kernelspec: { ...DENO_KERNELSPEC } },
    nbformat: 4,
    nbformat_minor: 5,
  };
}

/** From the working directory, unless it is outside. */
function pathFromHere(path: string): string {
  const absolute = resolve(path);
  const fromHere = relative(Deno.cwd(), absolute);
  return fromHere.startsWith("..") ? absolute : fromHere;
}
