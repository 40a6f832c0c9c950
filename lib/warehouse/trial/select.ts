/** dbt's `--select` and `--exclude`: which models a command is about. */
import { InputError } from "shopflow/errors/mod.ts";
import type { SqlModel } from "../project/compile.ts";
import type { SqlProject } from "../project/project.ts";

/** Words of a selection, e.g. `["+fact_orders", "tag:finance,path:models/marts"]`. */
export interface Selection {
  select?: string[] | undefined;
  exclude?: string[] | undefined;
}

const WORD = /^(?:(\d*)(\+))?([^+@]+?)(?:(\+)(\d*))?$/;

const HELP =
  "a name with * perhaps, path:, tag:, source:, config.materialized: or resource_type:, with + for what it " +
  "reads in front and what reads it behind; commas for models that all of them select";

/**
 * The models that words select: those of any word of `select` (all, without any), but of none of `exclude`.
 *
 * @throws {InputError} when a word is none that works here, or selects nothing.
 */
export function selectModels(project: SqlProject, { select = [], exclude = [] }: Selection): Set<string> {
  const words = (list: string[]) => list.flatMap((text) => text.split(/\s+/)).filter(Boolean);
  const chosen = words(select);
  const found = chosen.length === 0
    ? new Set(project.models.map(({ name }) => name))
    : new Set(chosen.flatMap((word) => [...ofWord(project, word)]));
  for (const word of words(exclude)) for (const name of ofWord(project, word)) found.delete(name);
  return found;
}

/** What several parts with commas select together. */
function ofWord(project: SqlProject, word: string): Set<string> {
  const [first, ...others] = word.split(",").map((part) => ofPart(project, part));
  return others.reduce((both, other) => both.intersection(other), first!);
}

function ofPart(project: SqlProject, part: string): Set<string> {
  const match = WORD.exec(part);
  if (match === null) throw new InputError(`Invalid selection ${part}`, { expected: HELP, found: part });
  const [, upLimit, up, criterion = "", down, downLimit] = match;
  const start = matching(project, criterion);
  if (start.size === 0) {
    throw new InputError(`The selection ${part} means no model`, {
      expected: `one of ${project.models.map(({ ref }) => ref).join(", ")}; or ${HELP}`,
      found: criterion,
    });
  }
  const parents = new Map(project.models.map(({ name, refs }) => [name, refs]));
  const children = new Map(
    project.models.map((
      { name },
    ) => [name, project.models.filter(({ refs }) => refs.includes(name)).map((model) => model.name)]),
  );
  const found = new Set(start);
  if (up) spread(start, parents, limitOf(upLimit), found);
  if (down) spread(start, children, limitOf(downLimit), found);
  return found;
}

const limitOf = (text: string | undefined) => text ? Number(text) : Infinity;

function spread(start: Set<string>, next: Map<string, string[]>, limit: number, found: Set<string>): void {
  let edge = [...start];
  const seen = new Set(edge);
  for (let step = 0; step < limit && edge.length > 0; step++) {
    edge = edge.flatMap((name) => next.get(name) ?? []).filter((name) => !seen.has(name));
    for (const name of edge) {
      seen.add(name);
      found.add(name);
    }
  }
}

/** Models that a criterion means, before what they read or what reads them is added. */
function matching({ models, name: project }: SqlProject, criterion: string): Set<string> {
  const [method, value] = /^([\w.]+):(.*)$/.exec(criterion)?.slice(1) ?? [undefined, criterion];
  const like = pattern(value!);
  const where = (test: (model: SqlModel) => boolean) => new Set(models.filter(test).map(({ name }) => name));
  switch (method) {
    case undefined:
      // A word with a slash is a path, as in dbt; any other is a name, or that of a folder.
      if (value!.includes("/")) return where(({ file }) => isWithin(file, value!));
      return where(({ ref, file }) =>
        like.test(ref) || foldersOf(file, project).some((folder) => folder === value)
      );
    case "path":
      return where(({ file }) => isWithin(file, value!));
    case "file":
      return where(({ file }) => like.test(file.split("/").at(-1)!));
    case "fqn":
      return where(({ ref }) => like.test(ref));
    case "tag":
      return where(({ tags }) => tags.some((tag) => like.test(tag)));
    case "source":
      return where(({ sources }) =>
        sources.some((source) => like.test(source) || like.test(source.split(".")[0]!))
      );
    case "resource_type":
      return where(({ resource }) => resource === value);
    case "config.materialized":
      return where(({ materialized }) => materialized === value);
  }
  throw new InputError(`The selection method ${method} is not supported here`, {
    expected: HELP,
    found: criterion,
  });
}

/** Folders by which dbt means all models in them, e.g. `marts` or `marts.finance`. */
function foldersOf(file: string, project: string): string[] {
  const folders = file.split("/").slice(1, -1);
  return [
    project,
    ...folders.flatMap((
      _,
      i,
    ) => [folders.slice(0, i + 1).join("."), `${project}.${folders.slice(0, i + 1).join(".")}`]),
  ];
}

const isWithin = (file: string, path: string) => {
  const wanted = path.replace(/^\.\//, "").replace(/\/\*?$/, "");
  return file === wanted || file.startsWith(`${wanted}/`) || pattern(wanted).test(file);
};

const pattern = (text: string) =>
  new RegExp(
    `^${[...text].map((one) => one === "*" ? ".*" : one === "?" ? "." : RegExp.escape(one)).join("")}$`,
  );
