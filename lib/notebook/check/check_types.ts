import { type CellPlace, type CellProblem, notebookModule } from "./notebook_module.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { isFile } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Notebook } from "../format/nbformat.ts";

/** A diagnostic of Deno's checker: code and message, the line with its mark, and where. */
const DIAGNOSTIC = /^(?<code>TS\d+) \[ERROR\]: (?<message>[\s\S]*?)\n {4}at (?<url>\S+):(?<line>\d+):\d+$/gm;
/** What is wrong with a module before its types are looked at, e.g. that it does not exist. */
const GRAPH_ERROR = /^error: (?<message>[\s\S]*?)\n {4}at (?<url>\S+):(?<line>\d+):\d+$/m;

/**
 * What `deno check` printed, as problems of the cells that the module `url` was made of; `elsewhere` is what lies
 * in other modules.
 */
function readDiagnostics(
  text: string,
  url: string,
  places: (CellPlace | undefined)[],
  code: string,
): { problems: CellProblem[]; elsewhere: string } {
  const lines = code.split("\n");
  const problems: CellProblem[] = [];
  const graphError = text.match(GRAPH_ERROR);
  for (const match of [...text.matchAll(DIAGNOSTIC), ...graphError ? [graphError] : []]) {
    const { code: name = "ImportError", message = "", url: where, line } = match.groups ?? {};
    const place = where === url ? places[Number(line) - 1] : undefined;
    if (place === undefined) continue;
    const source = lines[Number(line) - 1] ?? "";
    problems.push({ ...place, code: name, message: withoutCode(message, source), source });
  }
  const elsewhere = text.split("\n").filter((line) => !/^(Check|Download|Warning) /.test(line)).join("\n")
    .trim();
  return { problems: inOrder(problems), elsewhere: elsewhere.slice(0, 2000) };
}

/** Deno prints the line and a row of marks below the message. */
function withoutCode(message: string, source: string): string {
  const at = message.indexOf(`\n${source}\n`);
  const [first = ""] = message.split("\n");
  return (at < 0 ? first : message.slice(0, at)).trim();
}

const inOrder = (problems: CellProblem[]) => problems.toSorted((a, b) => a.cell - b.cell || a.line - b.line);

export interface CheckOptions {
  /** The notebook's folder: relative imports and `deno.json` are looked for from here. */
  folder: string;
  /** Folder for the modules that are checked; what is unchanged since the last check there is not checked again. */
  cache: string;
  /** Environment of the checking Deno. */
  env: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** The Deno that checks; default: the one that runs this program. */
  program?: string;
}

const KEEP_MS = 30 * 24 * 3_600_000;

/**
 * Checks the types of a notebook's code cells as `deno check` would with the `deno.json` of its folder. Empty when
 * all is well.
 *
 * @throws {NotebookError} when it cannot be checked, e.g. since a module it imports does not exist.
 */
export async function checkTypes(notebook: Notebook, options: CheckOptions): Promise<CellProblem[]> {
  const { folder, cache, env, signal, program = Deno.execPath() } = options;
  const { code, places, jsx, syntaxErrors } = notebookModule(notebook, folder);
  if (syntaxErrors.length > 0) return syntaxErrors;
  const config = await findUpwards(folder, ["deno.json", "deno.jsonc"]);
  // Deno remembers what it has checked by path and content, so the same code has the same path.
  const hash = createHash("sha256").update(`${config}\n${code}`).digest("hex").slice(0, 16);
  const path = join(cache, `${hash}.${jsx ? "tsx" : "ts"}`);
  await writeAtomically(path, code);
  await removeOld(cache);
  const lock = await copiedLock(config, cache);
  try {
    const { success, code: exitCode, signal: killedBy, stderr } = await new Deno.Command(program, {
      args: [
        "check",
        ...(config ? ["--config", config] : ["--no-config"]),
        ...(lock ? ["--lock", lock] : ["--no-lock"]),
        path,
      ],
      cwd: folder,
      env: { ...env, NO_COLOR: "1" },
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      ...(signal && { signal }),
    }).output();
    if (success) return [];
    const text = new TextDecoder().decode(stderr);
    if (!signal?.aborted) refuseKilled(exitCode, killedBy, text);
    const { problems, elsewhere } = readDiagnostics(text, pathToFileURL(path).href, places, code);
    if (problems.length > 0) return problems;
    throw new NotebookError("The notebook's types cannot be checked", {
      found: elsewhere,
      remedy: "Correct that first, or run with --no-check.",
    });
  } finally {
    if (lock) await Deno.remove(lock);
  }
}

/** What a shell reports of a program that a signal killed, and how V8 says that its heap is full. */
const KILLED = [128 + 6, 128 + 5, 128 + 9], HEAP_IS_FULL = /out of memory/i;

/** @throws {NotebookError} when the check did not end by itself: it found nothing, neither that all is well. */
function refuseKilled(exitCode: number, killedBy: Deno.Signal | null, text: string): void {
  const heapIsFull = HEAP_IS_FULL.test(text);
  if (killedBy === null && !KILLED.includes(exitCode) && !heapIsFull) return;
  throw new NotebookError("The notebook's type check was killed before it ended", {
    expected: "enough memory: it takes some 500 MB beside the kernel",
    found: heapIsFull ? "a full heap" : killedBy ?? `exit code ${exitCode}`,
    remedy:
      "Give the machine or container more memory, run fewer programs beside it, or run with --no-check.",
  });
}

async function findUpwards(folder: string, names: string[]): Promise<string | undefined> {
  for (let current = folder;; current = dirname(current)) {
    for (const name of names) {
      if (await isFile(join(current, name))) return join(current, name);
    }
    if (dirname(current) === current) return undefined;
  }
}

/** The lock file beside `deno.json` as a copy: a check must change nothing in the repository. */
async function copiedLock(config: string | undefined, cache: string): Promise<string | undefined> {
  const lock = config && join(dirname(config), "deno.lock");
  if (!lock || !await isFile(lock)) return undefined;
  const copy = join(cache, `${crypto.randomUUID()}.lock`);
  await Deno.copyFile(lock, copy);
  return copy;
}

/** Names in the cache: modules by their hash, and copies of lock files. */
const CACHED = /^([0-9a-f]{16,}\.tsx?(\.[0-9a-f-]{36})?|[0-9a-f-]{36}\.lock)$/;

/** Removes what no run has checked for a month: every edit of a notebook leaves a module. */
async function removeOld(cache: string): Promise<void> {
  const oldest = Date.now() - KEEP_MS;
  for await (const { name } of Deno.readDir(cache)) {
    // Other programs' files are none of ours.
    if (!CACHED.test(name)) continue;
    const path = join(cache, name);
    try {
      const { mtime } = await Deno.stat(path);
      if (mtime && mtime.getTime() < oldest) await Deno.remove(path);
    } catch (error) {
      // Another run may have removed it.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** Another run may check the same code at the same time, so it must never see a partial file. */
async function writeAtomically(path: string, text: string): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const staged = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(staged, text);
  await Deno.rename(staged, path);
}

/** Puts what is wrong with a cell's code into the cell, as the error of a cell that was not run. */
export function showProblems({ cells }: Notebook, problems: CellProblem[]): void {
  for (const cell of cells) {
    const own = problems.filter(({ cellId }) => cellId === cell.id);
    if (cell.cell_type !== "code" || own.length === 0) continue;
    const [first] = own as [CellProblem];
    const more = own.length > 1 ? ` (and ${own.length - 1} more in this cell)` : "";
    cell.outputs.push({
      output_type: "error",
      ename: first.code,
      evalue: `cell ${first.cell}, line ${first.line}: ${first.message.split("\n")[0]}${more}`,
      traceback: [
        "The notebook was not run because its code has type errors. Use --no-check to run it anyway.",
        ...own.flatMap((
          { code, line, message, source },
        ) => ["", `line ${line}: ${source.trim()}`, `  ${code}: ${message}`]),
      ],
    });
  }
}
