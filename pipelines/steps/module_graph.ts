import { parse } from "@babel/parser";
import type { ImportDeclaration, Node, Statement } from "@babel/types";
import { existsSync, statSync } from "node:fs";

/** What code consists of: its own modules, and packages with the versions that `deno.json` pins. */
export interface ModuleGraph {
  /** Files, by path. */
  files: string[];
  /** Specifiers such as `npm:zod@4.1.0`. */
  packages: string[];
}

/** Names that are imported of a module; `*` stands for all of them. */
type Names = ReadonlySet<string>;
const ALL: Names = new Set(["*"]);

/**
 * The modules that a module runs: those it imports, and so on. Of a module that only hands on what others export (a
 * `mod.ts`) those are followed that give the imported names, and the module itself does not count: what else its folder
 * exports is no part of the code. Types are none either. Workers count, as `new URL("worker.ts", import.meta.url)`.
 *
 * @param entry A module of this repository.
 */
export function moduleGraph(entry: URL): ModuleGraph {
  const files = new Set<string>();
  const packages = new Set<string>();
  const followed = new Set<string>();

  function follow(specifier: string, names: Names, from: URL): void {
    const url = new URL(
      specifier.startsWith(".") ? new URL(specifier, from) : import.meta.resolve(specifier),
    );
    const found = url.protocol === "file:" ? packageIn(url) : url.href;
    if (found === undefined) visit(url, names);
    else if (url.protocol !== "node:") packages.add(found);
  }

  function visit(url: URL, names: Names): void {
    const path = url.pathname;
    const fresh = [...names].filter((name) => !followed.has(`${path}#${name}`));
    if (fresh.length === 0 || files.has(path)) return;
    for (const name of fresh) followed.add(`${path}#${name}`);
    const { handedOn, own } = readModule(path);
    if (own === undefined) {
      const wanted = (name: string) => names.has("*") || names.has(name);
      for (const { source, exported, local } of handedOn) {
        if (exported === "*") follow(source, names, url);
        else if (wanted(exported)) follow(source, new Set([local]), url);
      }
      return;
    }
    files.add(path);
    for (const { source, imported } of own.imports) follow(source, imported, url);
    for (const { source, local } of handedOn) follow(source, new Set([local]), url);
    for (const beside of own.besides) {
      const target = new URL(beside, url);
      if (existsSync(target) && statSync(target).isFile()) visit(target, ALL);
    }
  }

  visit(entry, ALL);
  return { files: [...files].sort(), packages: [...packages].sort() };
}

/** The package with its version whose file Deno's cache has at a path; undefined of the repository's own modules. */
function packageIn({ pathname }: URL): string | undefined {
  const [, name, version] = /\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+)\/([^/]+)\//.exec(pathname) ?? [];
  return name && `npm:${name}@${version}`;
}

/** What a module takes from others. */
interface ReadModule {
  /** What it exports of other modules; `*` for everything. */
  handedOn: { source: string; exported: string; local: string }[];
  /** Undefined of a module that does nothing else. */
  own: { imports: { source: string; imported: Names }[]; besides: string[] } | undefined;
}

const read = new Map<string, ReadModule>();

function readModule(path: string): ReadModule {
  const known = read.get(path);
  if (known !== undefined) return known;
  const module = isScript(path) ? parseModule(Deno.readTextFileSync(path), path) : NO_SCRIPT;
  read.set(path, module);
  return module;
}

/** A text that is imported, such as a stylesheet. */
const NO_SCRIPT: ReadModule = { handedOn: [], own: { imports: [], besides: [] } };
const isScript = (path: string) => /\.[cm]?[jt]sx?$/.test(path);

function parseModule(text: string, path: string): ReadModule {
  const { program } = parse(text, {
    sourceType: "module",
    sourceFilename: path,
    plugins: ["typescript", ...(path.endsWith("x") ? ["jsx" as const] : [])],
  });
  const handedOn: ReadModule["handedOn"] = [];
  const imports: { source: string; imported: Names }[] = [];
  let hasOwn = false;
  for (const statement of program.body) {
    if (statement.type === "ImportDeclaration") {
      const imported = importedNames(statement);
      if (imported !== undefined) imports.push({ source: statement.source.value, imported });
      hasOwn ||= imported !== undefined;
    } else {
      const exports = handedOnBy(statement);
      if (exports === undefined) hasOwn = true;
      else handedOn.push(...exports);
    }
  }
  const { dynamic, besides } = stringsIn(program);
  for (const source of dynamic) imports.push({ source, imported: ALL });
  return { handedOn, own: hasOwn ? { imports, besides } : undefined };
}

/** Undefined where only types are imported, which do not run. */
function importedNames({ importKind, specifiers }: ImportDeclaration): Names | undefined {
  if (importKind === "type") return undefined;
  const names = specifiers.flatMap((specifier) => {
    if (specifier.type === "ImportNamespaceSpecifier") return ["*"];
    if (specifier.type === "ImportDefaultSpecifier") return ["default"];
    return specifier.importKind === "type" ? [] : [nameOf(specifier.imported)];
  });
  return names.length === 0 && specifiers.length > 0 ? undefined : new Set(names.length > 0 ? names : ["*"]);
}

/** What a statement exports of another module; undefined of any other statement. */
function handedOnBy(statement: Statement): ReadModule["handedOn"] | undefined {
  if (statement.type === "ExportAllDeclaration") {
    return statement.exportKind === "type"
      ? []
      : [{ source: statement.source.value, exported: "*", local: "*" }];
  }
  if (statement.type !== "ExportNamedDeclaration" || !statement.source) return undefined;
  if (statement.exportKind === "type") return [];
  const source = statement.source.value;
  return statement.specifiers.flatMap((specifier) => {
    if (specifier.type !== "ExportSpecifier") return [{ source, exported: "*", local: "*" }];
    if (specifier.exportKind === "type") return [];
    return [{ source, exported: nameOf(specifier.exported), local: nameOf(specifier.local) }];
  });
}

const nameOf = (node: { type: string; name?: string; value?: string }) => node.name ?? node.value ?? "";

/** Modules that are imported while the code runs, and files that it names beside its own. */
function stringsIn(root: Node): { dynamic: string[]; besides: string[] } {
  const dynamic: string[] = [];
  const besides: string[] = [];
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(walk);
    if (typeof value !== "object" || value === null) return;
    const node = value as Node;
    if (node.type === "ImportExpression" && node.source.type === "StringLiteral") {
      dynamic.push(node.source.value);
    }
    if (node.type === "NewExpression" && node.callee.type === "Identifier" && node.callee.name === "URL") {
      const [path, base] = node.arguments;
      if (path?.type === "StringLiteral" && base?.type === "MemberExpression") besides.push(path.value);
    }
    for (const inner of Object.values(value)) walk(inner);
  };
  walk(root);
  return { dynamic, besides };
}
