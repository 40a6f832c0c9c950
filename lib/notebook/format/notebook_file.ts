import { NotebookError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { notebookSchema } from "./file_schema.ts";
import type { Cell, Notebook, Output } from "./nbformat.ts";

/**
 * Parses a notebook of nbformat 4. Cells that have no id (before 4.5), one that another cell has, or one that is none,
 * get one from their place and content, as Jupyter gives them one.
 *
 * @throws {NotebookError} when it is not JSON, or of another format.
 */
export function parseNotebook(source: string, name: string): Notebook {
  const json = parseJson(source, name);
  if (json.nbformat !== 4) {
    const older = typeof json.nbformat === "number" && json.nbformat < 4 || "worksheets" in json;
    throw new NotebookError(`${name} has an unsupported notebook format`, {
      expected: "nbformat 4",
      found: json.nbformat === undefined ? "no nbformat" : `nbformat ${JSON.stringify(json.nbformat)}`,
      remedy: older
        ? `Convert it once: jupyter nbconvert --to notebook --nbformat 4 --inplace '${name}', or open and save ` +
          "it in Jupyter."
        : "Open and save it in Jupyter, which writes nbformat 4.",
    });
  }
  const parsed = notebookSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new NotebookError(`${name} is not a valid notebook at ${issue?.path.join(".") || "its root"}`, {
      found: issue?.message,
      remedy: "Open and save it in Jupyter, or restore an older version.",
    });
  }
  const used = new Set<string>();
  const cells = parsed.data.cells.map((cell, i) => {
    const isUsable = cell.id !== undefined && CELL_ID.test(cell.id) && !used.has(cell.id);
    const id = isUsable ? cell.id : unusedId(derivedId(cell.source, i), used);
    used.add(id!);
    return { ...cell, id };
  });
  const { metadata, nbformat_minor } = parsed.data;
  return { cells: cells as Cell[], metadata, nbformat: 4, nbformat_minor: Math.max(5, nbformat_minor) };
}

/** Ids of cells as nbformat 4.5 has them. */
const CELL_ID = /^[\w-]{1,64}$/;

function unusedId(id: string, used: ReadonlySet<string>): string {
  let unused = id;
  for (let i = 2; used.has(unused); i++) unused = `${id}-${i}`;
  return unused;
}

/** Reads and parses a notebook file. */
export async function readNotebook(path: string): Promise<Notebook> {
  return parseNotebook(await readNotebookText(path), path);
}

/** @throws {NotebookError} when there is no such file, or it cannot be read. */
export async function readNotebookText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new NotebookError(`There is no notebook ${path}`, {
        found: `nothing at ${resolve(path)}`,
        remedy: "Name an existing .ipynb file.",
      });
    }
    if (cause instanceof Deno.errors.IsADirectory || cause instanceof Deno.errors.PermissionDenied) {
      throw new NotebookError(`${path} cannot be read`, { expected: "an .ipynb file", found: cause.message });
    }
    throw cause;
  }
}

/** The notebook as Jupyter writes it: texts as lists of lines, one space of indentation, a final line break. */
export function formatNotebook({ cells, metadata, nbformat, nbformat_minor }: Notebook): string {
  const written = cells.map((cell) => {
    const { cell_type, id, metadata, source } = cell;
    if (cell.cell_type !== "code") {
      return { attachments: cell.attachments, cell_type, id, metadata, source: lines(source) };
    }
    const { execution_count, outputs } = cell;
    return {
      cell_type,
      execution_count,
      id,
      metadata,
      outputs: outputs.map(writtenOutput),
      source: lines(source),
    };
  });
  return JSON.stringify({ cells: written, metadata, nbformat, nbformat_minor }, null, 1) + "\n";
}

function writtenOutput(output: Output): unknown {
  if (output.output_type === "error") return output;
  if (output.output_type === "stream") return { ...output, text: lines(output.text) };
  const data = Object.entries(output.data).map(([mime, value]) => [
    mime,
    typeof value === "string" && (mime.startsWith("text/") || mime === "image/svg+xml")
      ? lines(value)
      : value,
  ]);
  return { ...output, data: Object.fromEntries(data) };
}

function parseJson(source: string, name: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(source.replace(/^\uFEFF/, ""));
  } catch (cause) {
    const conflict = /^(<{7}|>{7}) /m.test(source);
    throw new NotebookError(`${name} is not a notebook`, {
      expected: "JSON",
      found: conflict
        ? "marks of a merge conflict"
        : source.trim() === ""
        ? "an empty file"
        : source.trimStart().startsWith("{")
        ? (cause as SyntaxError).message
        : JSON.stringify(source.slice(0, 40)),
      ...(conflict && {
        remedy:
          "Take one side by `git checkout --ours` or `--theirs` and this file, then add what the other had.",
      }),
      cause,
    });
  }
  if (typeof json === "object" && json !== null && !Array.isArray(json)) {
    return json as Record<string, unknown>;
  }
  throw new NotebookError(`${name} is not a notebook`, {
    expected: "a JSON object",
    found: Array.isArray(json) ? "a list" : JSON.stringify(json)?.slice(0, 40),
  });
}

const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+/g) ?? [];

const derivedId = (source: string, index: number) =>
  createHash("sha256").update(`${index}\n${source}`).digest("hex").slice(0, 8);

/** A file with the text that it had when it was read, and the one that it is to have. */
export interface FileChange {
  path: string;
  before: string | undefined;
  after: string;
}

/**
 * Writes several files, each as a whole, in their order; when one of them cannot be written, those before it get
 * their old text back. All are on the disk under other names before the first one takes its place, so that what can
 * fail has been done by then; a process that dies in between leaves a beginning of the list.
 *
 * @throws {NotebookError} when a file is no more what it was when it was read; then nothing is written.
 */
export async function replaceFiles(
  changes: FileChange[],
  rename: typeof Deno.rename = Deno.rename,
): Promise<void> {
  for (const { path, before } of changes) {
    if (await readIfThere(path) === before) continue;
    throw new NotebookError(`${path} was changed meanwhile`, {
      remedy: "Save your edits, and try again.",
    });
  }
  const staged: { path: string; change: FileChange }[] = [];
  const done: FileChange[] = [];
  try {
    for (const change of changes) staged.push({ path: await stage(change), change });
    for (const { path, change } of staged) {
      await rename(path, change.path);
      done.push(change);
    }
  } catch (error) {
    for (const { path, before } of done.reverse()) {
      if (before === undefined) await Deno.remove(path);
      else await Deno.rename(await stage({ path, before, after: before }), path);
    }
    throw error;
  } finally {
    for (const { path } of staged) if (await readIfThere(path) !== undefined) await Deno.remove(path);
  }
}

/** A file's text; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

async function stage({ path, after }: FileChange): Promise<string> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const staged = join(dirname(path), `.${basename(path)}.${crypto.randomUUID()}.tmp`);
  await Deno.writeTextFile(staged, after, { createNew: true });
  using file = await Deno.open(staged, { write: true });
  await file.sync();
  return staged;
}
