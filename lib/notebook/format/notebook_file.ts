import { NotebookError } from "shopflow/errors/mod.ts";
import { createHash } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import type { Cell, Notebook, Output } from "./nbformat.ts";

const text = z.union([z.string(), z.array(z.string())]).transform((value) =>
  typeof value === "string" ? value : value.join("")
);
const metadata = z.record(z.string(), z.unknown());
const bundle = z.record(z.string(), z.unknown()).transform((data) =>
  Object.fromEntries(
    Object.entries(data).map(([mime, value]) => [mime, isLines(mime, value) ? value.join("") : value]),
  )
);
const output = z.discriminatedUnion("output_type", [
  z.object({ output_type: z.literal("stream"), name: z.enum(["stdout", "stderr"]), text }),
  z.object({ output_type: z.literal("display_data"), data: bundle, metadata }),
  z.object({
    output_type: z.literal("execute_result"),
    execution_count: z.number().nullable(),
    data: bundle,
    metadata,
  }),
  z.object({
    output_type: z.literal("error"),
    ename: z.string(),
    evalue: z.string(),
    traceback: z.array(z.string()),
  }),
]);
const cellMetadata = z.looseObject({ tags: z.array(z.string()).optional() });
const anyCell = { id: z.string().optional(), metadata: cellMetadata, source: text };
const proseCell = { ...anyCell, attachments: z.record(z.string(), bundle).optional() };
const cell = z.discriminatedUnion("cell_type", [
  z.object({ cell_type: z.literal("markdown"), ...proseCell }),
  z.object({ cell_type: z.literal("raw"), ...proseCell }),
  z.object({
    cell_type: z.literal("code"),
    ...anyCell,
    execution_count: z.number().nullable(),
    outputs: z.array(output),
  }),
]);
const notebook = z.object({
  cells: z.array(cell),
  metadata: z.looseObject({
    kernelspec: z.looseObject({
      name: z.string(),
      display_name: z.string(),
      language: z.string().optional(),
    }),
  }),
  nbformat: z.literal(4),
  nbformat_minor: z.number(),
});

/**
 * Parses a notebook of nbformat 4; cells that have no id (before 4.5) get one from their place and content.
 *
 * @throws {NotebookError} when it is not JSON, of another format, or names no kernel.
 */
export function parseNotebook(source: string, name: string): Notebook {
  const json = parseJson(source, name);
  if (json.nbformat !== 4) {
    throw new NotebookError(`${name} has an unsupported notebook format`, {
      expected: "nbformat 4",
      found: json.nbformat === undefined ? "no nbformat" : `nbformat ${JSON.stringify(json.nbformat)}`,
      remedy: "Open and save it in Jupyter, which converts it.",
    });
  }
  if ((json.metadata as { kernelspec?: unknown } | undefined)?.kernelspec === undefined) {
    throw new NotebookError(`${name} does not say which kernel runs it`, {
      expected:
        'metadata.kernelspec, e.g. {"name": "deno", "display_name": "Deno", "language": "typescript"}',
      found: "none",
      remedy: "Choose the Deno kernel in Jupyter and save.",
    });
  }
  const parsed = notebook.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new NotebookError(`${name} is not a valid notebook at ${issue?.path.join(".") || "its root"}`, {
      found: issue?.message,
      remedy: "Open and save it in Jupyter, or restore an older version.",
    });
  }
  const cells = parsed.data.cells.map((cell, i) => ({ ...cell, id: cell.id ?? derivedId(cell.source, i) }));
  return { ...parsed.data, cells: cells as Cell[], nbformat_minor: Math.max(5, parsed.data.nbformat_minor) };
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
    json = JSON.parse(source);
  } catch (cause) {
    const conflict = /^(<{7}|>{7}) /m.test(source);
    throw new NotebookError(`${name} is not a notebook`, {
      expected: "JSON",
      found: conflict
        ? "marks of a merge conflict"
        : source.trim() === ""
        ? "an empty file"
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

const isLines = (mime: string, value: unknown): value is string[] =>
  Array.isArray(value) && !mime.endsWith("json") && value.every((line) => typeof line === "string");

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
