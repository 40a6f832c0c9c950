import { NotebookError } from "shopflow/errors/mod.ts";
import { dirname, relative } from "node:path/posix";
import { DENO_KERNELSPEC, kernelNameOf, type Notebook } from "../format/nbformat.ts";
import { importText, neededImports } from "./imports.ts";
import {
  declaredNames,
  type ImportedName,
  moduleExports,
  notebookNames,
  parseCode,
  type ReadSource,
} from "./names.ts";
import { moduleText, modWithExports } from "./module.ts";
import { PROMOTE_TAG, type PromotionCell } from "./cell.ts";
import { moduleOf } from "./module_rules.ts";
import { join } from "node:path";
import { readIfThere } from "../format/notebook_file.ts";

/** What a promotion makes of the notebook and of `lib/`, before it is verified. */
export interface PromotionPlan {
  /** New texts of modules below `lib/`, by path from the top of the repository, in the order of writing. */
  modules: Map<string, string>;
  /** The functions that other code can call now, with their modules. */
  functions: { name: string; target: string }[];
  notebook: Notebook;
}

interface Repository {
  read: ReadSource;
  /** The packages of `deno.json`, by name. */
  packages: Record<string, string>;
}

/**
 * Works out the modules and the notebook after the promotion of some of its cells.
 *
 * @param folder the notebook's folder, from the top of the repository
 * @throws {NotebookError} when a cell cannot go to its file, see `neededImports` and `moduleText`.
 */
export async function planPromotion(
  notebook: Notebook,
  promotions: PromotionCell[],
  folder: string,
  { read, packages }: Repository,
): Promise<PromotionPlan> {
  const modules = new Map<string, string>();
  const mods = new Map<string, string>();
  const current: ReadSource = async (path) => modules.get(path) ?? mods.get(path) ?? await read(path);
  const plan: PromotionPlan = { modules, functions: [], notebook };
  const promoted = new Map(
    promotions.flatMap(({ declarations, target }) =>
      declarations.flatMap(({ names }) => names).map((name) => [name, target] as [string, string])
    ),
  );
  for (const promotion of promotions) {
    const { target, declarations, cell } = promotion;
    const names = notebookNames(notebook, cell.id);
    const exported = exportedNames(promotion, names.used);
    const own = new Set(declarations.flatMap((declaration) => declaration.names));
    const others = new Map([...promoted].filter(([name]) => !own.has(name)));
    const imports = await neededImports(promotion, {
      names,
      folder,
      promoted: others,
      packages,
      read: current,
    });
    modules.set(
      target,
      moduleText(await current(target), promotion, exported.map(({ name }) => name), imports),
    );
    const mod = await updatedMod(promotion, exported, current);
    if (mod) mods.set(mod.path, mod.text);
    plan.functions.push(
      ...exported.filter(({ isFunction }) => isFunction).map(({ name }) => ({ name, target })),
    );
    plan.notebook = withImportCell(plan.notebook, promotion, exported, names.used, mod?.path ?? target);
  }
  for (const [path, text] of mods) modules.set(path, text);
  return plan;
}

interface Exported {
  name: string;
  isType: boolean;
  isFunction: boolean;
}

/** What other cells use; when they use nothing, all functions. */
function exportedNames({ declarations }: PromotionCell, used: Set<string>): Exported[] {
  const all = declarations.flatMap(({ names, isType, isFunction }) =>
    names.map((name) => ({ name, isType, isFunction }))
  );
  const wanted = all.filter(({ name }) => used.has(name));
  return wanted.length > 0 ? wanted : all.filter(({ isFunction }) => isFunction);
}

/** The module's `mod.ts` with the names; undefined when the module has none. */
async function updatedMod(
  { target, cell }: PromotionCell,
  exported: Exported[],
  read: ReadSource,
): Promise<{ path: string; text: string } | undefined> {
  const found = await nearestMod(target, read);
  if (found === undefined) return undefined;
  const { path, text } = found;
  const known = await moduleExports(path, read);
  const taken = known.filter(({ name, from }) =>
    from !== target && exported.some((one) => one.name === name)
  );
  if (taken.length > 0) {
    throw new NotebookError(`Cell ${cell.id} cannot go to ${target}`, {
      expected: `names that ${path} does not export yet`,
      found: taken.map(({ name, from }) => `${name} of ${from}`).join(", "),
      remedy: "Rename it, or import that one if it does the same.",
    });
  }
  const missing = exported.filter(({ name }) => !known.some((one) => one.name === name));
  if (missing.length === 0) return { path, text };
  return { path, text: modWithExports(text, `./${relative(dirname(path), target)}`, missing) };
}

/** The `mod.ts` of the part of the module that a file is in, or of the module. */
async function nearestMod(
  target: string,
  read: ReadSource,
): Promise<{ path: string; text: string } | undefined> {
  const module = moduleOf(target);
  for (let folder = dirname(target);; folder = dirname(folder)) {
    const text = await read(`${folder}/mod.ts`);
    if (text !== undefined) return { path: `${folder}/mod.ts`, text };
    if (folder === module) return undefined;
  }
}

/**
 * The notebook with an import in the place of the cell; what the cell imported for others, it goes on to import.
 *
 * @param source what to import the names from: the module's `mod.ts`, its public interface, or the file where it has none
 */
function withImportCell(
  notebook: Notebook,
  { cell, imports }: PromotionCell,
  exported: Exported[],
  used: Set<string>,
  source: string,
): Notebook {
  const specifier = `shopflow/${source.slice("lib/".length)}`;
  const names: ImportedName[] = exported.map(({ name, isType }) => ({
    specifier,
    imported: name,
    local: name,
    isType,
  }));
  const kept = imports.flatMap((one) => one.names).filter(({ local }) => used.has(local));
  const texts = [...Map.groupBy([...kept, ...names], (name) => name.specifier).values()].map(importText);
  const tags = cell.metadata.tags?.filter((tag) => tag !== PROMOTE_TAG) ?? [];
  const { tags: _, ...metadata } = cell.metadata;
  const cells = notebook.cells.map((other) =>
    other.id !== cell.id || other.cell_type !== "code" ? other : {
      ...other,
      metadata: tags.length > 0 ? { ...metadata, tags } : metadata,
      source: texts.join("\n"),
      execution_count: null,
      outputs: [],
    }
  );
  return { ...notebook, cells };
}

/** A name that a notebook declares although `lib/` has it. */
interface DuplicatedName {
  cellId: string;
  name: string;
  /** The module to import it from, e.g. `shopflow/ml/mod.ts`. */
  specifier: string;
}

/**
 * What the modules of `lib/` and their parts export by their `mod.ts`: names, and where to import them from.
 *
 * @param root the top of the repository
 */
export async function libraryNames(root: string): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  const read: ReadSource = (path) => readIfThere(join(root, path));
  const addNamesIn = async (folder: string) => {
    for (const { name } of await moduleExports(`lib/${folder}mod.ts`, read)) {
      // The outer mod.ts comes first.
      if (!names.has(name)) names.set(name, `shopflow/${folder}mod.ts`);
    }
    for await (const { name, isDirectory } of Deno.readDir(join(root, "lib", folder))) {
      if (isDirectory) await addNamesIn(`${folder}${name}/`);
    }
  };
  await addNamesIn("");
  return names;
}

/**
 * The functions, constants, classes and types at the top of a notebook's cells whose names `lib/` has; none in the
 * language of another kernel.
 */
export function findDuplicatedNames(notebook: Notebook, library: Map<string, string>): DuplicatedName[] {
  if (kernelNameOf(notebook) !== DENO_KERNELSPEC.name) return [];
  return notebook.cells.flatMap((cell) => {
    if (cell.cell_type !== "code") return [];
    return parseCode(cell.source).statements.flatMap(declaredNames).flatMap((name) => {
      const specifier = library.get(name);
      return specifier === undefined ? [] : [{ cellId: cell.id, name, specifier }];
    });
  });
}
