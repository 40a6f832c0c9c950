import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { makeWorkingFolder } from "shopflow/runtime/mod.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { cleanNotebook } from "../format/clean.ts";
import type { Cell, Notebook } from "../format/nbformat.ts";
import { matchCells } from "./match.ts";

/** Two notebooks that come from one, merged cell by cell. */
export interface MergedNotebook {
  /** A notebook that opens in Jupyter whatever the conflicts: they are in its cells, between the marks of git. */
  notebook: Notebook;
  /** Ids of the cells that have a conflict. */
  conflicts: string[];
}

/** Merges texts line by line, as git does; conflicts are between its marks. */
type MergeLines = (texts: Three<string>) => Promise<{ text: string; conflicts: boolean }>;

interface Three<T> {
  base: T;
  ours: T;
  theirs: T;
}

/** Ids of cells that only this module makes. */
const METADATA_ID = "merge-conflict-metadata",
  deletedId = (id: string) => `merge-conflict-${id}`.slice(0, 64);

/**
 * Merges two versions of a notebook, `ours` and `theirs`, with what they come from. Cells are matched by id, or by
 * likeness where an id is new; each is taken from the side that changed it, and merged line by line where both did.
 * What one side deleted and the other changed is kept, with a cell that says so. Outputs are none of version control.
 *
 * @param versions Those of git: `base` has no cells where the notebook is new on both sides.
 * @param mergeLines Default: `git merge-file`.
 */
export async function mergeNotebooks(
  versions: Three<Notebook>,
  mergeLines: MergeLines = mergeLinesByGit,
): Promise<MergedNotebook> {
  const base = cleanNotebook(versions.base);
  const ours = withIdsOf(base, cleanNotebook(versions.ours));
  const theirs = withIdsOf(base, apartFrom(ours, base, cleanNotebook(versions.theirs)));
  const conflicts: string[] = [];
  const merged = new Map<string, Cell[]>();
  const cellsOf = ({ cells }: Notebook) => new Map(cells.map((cell) => [cell.id, cell]));
  const [inBase, inOurs, inTheirs] = [cellsOf(base), cellsOf(ours), cellsOf(theirs)];
  for (const id of orderOf(base, ours, theirs)) {
    const found = { base: inBase.get(id), ours: inOurs.get(id), theirs: inTheirs.get(id) };
    const { cells, hasConflict } = await mergeCell(found, mergeLines);
    merged.set(id, cells);
    if (hasConflict) conflicts.push(id);
  }
  const { metadata, notes } = mergeMetadata({ base, ours, theirs });
  if (notes.length > 0) conflicts.unshift(METADATA_ID);
  const notebook: Notebook = {
    cells: [...notes, ...[...merged.values()].flat()],
    metadata,
    nbformat: 4,
    nbformat_minor: 5,
  };
  return { notebook, conflicts };
}

/** The notebook in which cells that were in `base`, under another id, have the id that they had there. */
function withIdsOf(base: Notebook, notebook: Notebook): Notebook {
  const before = new Map(
    matchCells(base.cells, notebook.cells).map((pair) => [pair.after, base.cells[pair.before]?.id]),
  );
  return { ...notebook, cells: notebook.cells.map((cell, i) => ({ ...cell, id: before.get(i) ?? cell.id })) };
}

/** Cells that both sides added under one id and with another content are two cells. */
function apartFrom(ours: Notebook, base: Notebook, theirs: Notebook): Notebook {
  const known = new Set(base.cells.map(({ id }) => id));
  const added = new Map(ours.cells.filter(({ id }) => !known.has(id)).map((cell) => [cell.id, cell]));
  const cells = theirs.cells.map((cell) => {
    const other = added.get(cell.id);
    if (known.has(cell.id) || other === undefined || isDeepStrictEqual(other, cell)) return cell;
    return { ...cell, id: `${cell.id}-theirs`.slice(0, 64) };
  });
  return { ...theirs, cells };
}

/**
 * The ids of all cells in the order of the merged notebook: that of the side which moved cells, ours where both did;
 * what only the other one has comes after the cell that it follows there.
 */
function orderOf(base: Notebook, ours: Notebook, theirs: Notebook): string[] {
  const ids = ({ cells }: Notebook) => cells.map(({ id }) => id);
  const common = new Set(ids(base)).intersection(new Set(ids(ours)));
  const inOrder = isDeepStrictEqual(
    ids(base).filter((id) => common.has(id)),
    ids(ours).filter((id) => common.has(id)),
  );
  const [first, ...others] = inOrder
    ? [ids(theirs), ids(ours), ids(base)]
    : [ids(ours), ids(theirs), ids(base)];
  return others.reduce((order, other) => {
    const result = [...order];
    other.forEach((id, i) => {
      if (result.includes(id)) return;
      const before = other.slice(0, i).findLast((one) => result.includes(one));
      result.splice(before === undefined ? 0 : result.indexOf(before) + 1, 0, id);
    });
    return result;
  }, first ?? []);
}

/** A cell of the three versions, each of which may lack it. */
async function mergeCell(
  { base, ours, theirs }: Three<Cell | undefined>,
  mergeLines: MergeLines,
): Promise<{ cells: Cell[]; hasConflict: boolean }> {
  const taken = (cell: Cell | undefined) => ({ cells: cell === undefined ? [] : [cell], hasConflict: false });
  if (isDeepStrictEqual(ours, theirs) || isDeepStrictEqual(base, theirs)) return taken(ours);
  if (isDeepStrictEqual(base, ours)) return taken(theirs);
  const left = ours ?? theirs;
  if (ours === undefined || theirs === undefined) {
    // One side deleted what the other changed.
    return left === undefined
      ? taken(left)
      : { cells: [deletionNote(left, ours === undefined), left], hasConflict: true };
  }
  const { text: source, conflicts } = await mergeLines({
    base: base?.source ?? "",
    ours: ours.source,
    theirs: theirs.source,
  });
  const tags = mergeTags({
    base: base?.metadata.tags,
    ours: ours.metadata.tags,
    theirs: theirs.metadata.tags,
  });
  const metadata = tags.length === 0 ? {} : { tags };
  const changed = ours.cell_type === base?.cell_type ? theirs : ours;
  const cell: Cell = changed.cell_type === "code"
    ? { ...changed, source, metadata }
    : { ...changed, source, metadata, ...attachmentsOf(ours, theirs) };
  return { cells: [cell], hasConflict: conflicts };
}

function attachmentsOf(ours: Cell, theirs: Cell) {
  const of = (cell: Cell) => cell.cell_type === "code" ? {} : cell.attachments ?? {};
  const attachments = { ...of(theirs), ...of(ours) };
  return Object.keys(attachments).length === 0 ? {} : { attachments };
}

function mergeTags({ base = [], ours = [], theirs = [] }: Partial<Three<string[] | undefined>>): string[] {
  const removed = base.filter((tag) => !ours.includes(tag) || !theirs.includes(tag));
  return [...new Set([...ours, ...theirs])].filter((tag) => !removed.includes(tag));
}

const note = (id: string, ours: string, theirs: string): Cell => ({
  cell_type: "markdown",
  id,
  metadata: {},
  source: `<<<<<<< ours\n${ours}\n=======\n${theirs}\n>>>>>>> theirs`,
});

function deletionNote({ id }: Cell, byUs: boolean): Cell {
  const [deleted, changed] = ["deleted the cell below", "changed the cell below"];
  return note(deletedId(id), byUs ? deleted : changed, byUs ? changed : deleted);
}

/** Merges what is said of the whole notebook, by its keys; a key that both changed is ours, and told in a cell. */
function mergeMetadata(
  { base, ours, theirs }: Three<Notebook>,
): { metadata: Notebook["metadata"]; notes: Cell[] } {
  const clashes: { key: string; ours: unknown; theirs: unknown }[] = [];
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  const merge = (path: string, versions: Three<unknown>): unknown => {
    const { base, ours, theirs } = versions;
    if (isDeepStrictEqual(ours, theirs) || isDeepStrictEqual(base, theirs)) return ours;
    if (isDeepStrictEqual(base, ours)) return theirs;
    if (!isObject(ours) || !isObject(theirs)) {
      clashes.push({ key: path, ours, theirs });
      return ours ?? theirs;
    }
    const before = isObject(base) ? base : {};
    const keys = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])];
    const entries = keys.map((key) => {
      const inner = { base: before[key], ours: ours[key], theirs: theirs[key] };
      return [key, merge(path === "" ? key : `${path}.${key}`, inner)] as const;
    });
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  };
  const metadata = merge("", { base: base.metadata, ours: ours.metadata, theirs: theirs.metadata });
  const lines = (side: "ours" | "theirs") =>
    clashes.map((clash) => `metadata ${clash.key}: ${JSON.stringify(clash[side]) ?? "none"}`).join("\n");
  return {
    metadata: metadata as Notebook["metadata"],
    notes: clashes.length === 0 ? [] : [note(METADATA_ID, lines("ours"), lines("theirs"))],
  };
}

/** @throws {NotebookError} when git cannot merge them. */
async function mergeLinesByGit({ base, ours, theirs }: Three<string>) {
  const folder = await makeWorkingFolder("merge");
  try {
    const paths = await Promise.all(
      Object.entries({ ours, base, theirs }).map(async ([name, text]) => {
        // Without a last line break git would take the last lines of two versions for different ones.
        await Deno.writeTextFile(join(folder, name), text === "" ? "" : `${text}\n`);
        return join(folder, name);
      }),
    );
    const labels = ["ours", "base", "theirs"].flatMap((name) => ["-L", name]);
    const { code, stdout, stderr } = await new Deno.Command("git", {
      args: ["merge-file", "-p", ...labels, ...paths],
    }).output();
    const decoder = new TextDecoder();
    // Its exit code is the number of conflicts.
    if (code > 127) {
      throw new NotebookError("Git cannot merge a cell", { found: decoder.decode(stderr).trim() });
    }
    return { text: decoder.decode(stdout).replace(/\n$/, ""), conflicts: code > 0 };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
