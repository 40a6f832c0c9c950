// @ts-types="@types/nunjucks"
import nunjucks from "nunjucks";
import { ShopFlowError, WarehouseError } from "shopflow/errors/mod.ts";
import type { SourceDoc } from "./schema_yml.ts";
import { sqlName } from "../session.ts";

/**
 * The macro files that a SQL file needs: those that define a macro whose name stands in it, or in a macro file that it
 * needs. Compiling all of them for each of a hundred data tests is what loading a project would spend its time on.
 *
 * @param macros Texts of the macro files.
 * @returns the needed ones in the order given, as one text.
 */
export function neededMacros(text: string, macros: string[]): string {
  const needed = new Set<string>();
  const unread = [text];
  for (let reading = unread.pop(); reading !== undefined; reading = unread.pop()) {
    const words = new Set(reading.match(/\w+/g));
    for (const file of macros) {
      if (needed.has(file) || !definedNames(file).some((name) => words.has(name))) continue;
      needed.add(file);
      unread.push(file);
    }
  }
  return macros.filter((file) => needed.has(file)).join("");
}

/** Names that a file defines, and what `adapter.dispatch` finds them by: `spark__day` is a `day`. */
const definedNames = (file: string) =>
  [...file.matchAll(/{%-?\s*macro\s+(\w+)/g)].flatMap((
    [, name = ""],
  ) => [name, name.replace(/^[a-z0-9]+__/, "")]);

/** The macros that a file and those in front of it define. */
interface Macros {
  /** Undefined when there is none of that name. */
  lookup(name: string): unknown;
}

/** What the Jinja of a SQL file may call or read. */
export interface TemplateScope {
  /** SQL name of another model. */
  ref(model: string): string;
  /** SQL name of a source table. */
  source(source: string, table: string): string;
  /** A variable of the project. */
  var(name: string, fallback?: unknown): unknown;
  /** Settings of the file itself; renders as nothing. */
  config(settings: Record<string, unknown>): "";
  is_incremental(): boolean;
  /** The macro among `macros` that this engine takes for a name: what `adapter.dispatch(name)` gives. */
  dispatch(name: string, macros: Macros): unknown;
  /** dbt's own macros that hide differences of engines. */
  dbt: Record<string, (...args: string[]) => string>;
  target: { type: string };
  /** Arguments of a generic data test. */
  [argument: string]: unknown;
}

// nunjucks tells a function its macros only when it is called by a plain name, not as `adapter.dispatch`.
const BIND_ADAPTER = "{% set adapter = bind_adapter() %}";

const environment = new nunjucks.Environment([], { autoescape: false, throwOnUndefined: true });

/**
 * Renders the Jinja of a SQL file.
 *
 * @param macros Texts of the files that define macros.
 * @throws {WarehouseError} when the template is malformed or uses an unknown name.
 */
export function renderSql(text: string, file: string, scope: TemplateScope, macros: string[] = []): string {
  let refused: ShopFlowError | undefined;
  // nunjucks turns what a called function throws into a message of its own: keep ours.
  const guarded = (value: unknown) =>
    typeof value !== "function" ? value : function (this: unknown, ...args: unknown[]) {
      try {
        return value.apply(this, args);
      } catch (error) {
        if (error instanceof ShopFlowError) refused ??= error;
        throw error;
      }
    };
  const { dispatch, ...names } = scope;
  const context = {
    ...Object.fromEntries(Object.entries(names).map(([name, value]) => [name, guarded(value)])),
    bind_adapter(this: Macros) {
      return { dispatch: guarded((name: string) => dispatch(name, this)) };
    },
  };
  try {
    return environment.renderString(BIND_ADAPTER + neededMacros(text, macros) + text, context).trim();
  } catch (cause) {
    if (refused !== undefined) throw refused;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WarehouseError(`The Jinja of ${file} cannot be rendered`, {
      found: reason.replace(/^\(unknown path\)\s*/, "").replaceAll(/\s+/g, " "),
      remedy: "Look for an unclosed {{ }} or {% %}, or a name the project does not define.",
      cause,
    });
  }
}

/** The engine of this runner, as dbt's adapters call it. */
const ENGINE = "duckdb";

/** dbt's name for a type or function that engines call differently, as dbt-duckdb renders it. */
const CROSS_DATABASE: TemplateScope["dbt"] = {
  type_string: () => "TEXT",
  type_timestamp: () => "TIMESTAMP",
  type_int: () => "INT",
  type_bigint: () => "BIGINT",
  type_boolean: () => "BOOLEAN",
  hash: (field) => `md5(cast(${field} as TEXT))`,
};

/**
 * What dbt gives a project so that its SQL runs on several engines, for DuckDB: `target.type`, `adapter.dispatch` (the
 * macro `duckdb__name`, else `default__name`) and the macros of the namespace `dbt` that the project may use.
 *
 * @param file Path for messages.
 */
function engineMacros(file: string): Pick<TemplateScope, "dispatch" | "dbt" | "target"> {
  return {
    dispatch(name, macros) {
      const forms = [`${ENGINE}__${name}`, `default__${name}`];
      const found = forms.map((form) => macros.lookup(form)).find((macro) => macro !== undefined);
      if (found !== undefined) return found;
      throw new WarehouseError(`${file} dispatches a macro that has no implementation for ${ENGINE}`, {
        expected: `a macro ${forms.join(" or ")}`,
        found: String(name),
      });
    },
    dbt: CROSS_DATABASE,
    target: { type: ENGINE },
  };
}

/** What a file used of the project while it was rendered. */
interface UsedByFile {
  refs: Set<string>;
  /** Source tables, as `source.table`. */
  sources: Set<string>;
  config: Record<string, unknown>;
}

/** Makes the Jinja names of the project known to one file at a time. */
export interface ProjectScope {
  /** @param file Path for messages. */
  forFile(file: string): { scope: TemplateScope; used: UsedByFile };
}

/** SQL name of a model. */
export function relationOf(model: string): string {
  return sqlName(model);
}

/** SQL name of a source table. */
export function sourceRelationOf({ schema, table }: Pick<SourceDoc, "schema" | "table">): string {
  return `${sqlName(schema)}.${sqlName(table)}`;
}

/** The Jinja names of a project with the given models, sources and variables. */
export function createScope(
  { names, sources, vars }: {
    names: Map<string, string>;
    sources: SourceDoc[];
    vars: Record<string, unknown>;
  },
): ProjectScope {
  return {
    forFile(file) {
      const used: UsedByFile = { refs: new Set(), sources: new Set(), config: {} };
      const scope: TemplateScope = {
        ref(model) {
          if (!names.has(model)) {
            throw new WarehouseError(`${file} has a ref() to a model that does not exist`, {
              expected: `one of ${[...names.keys()].join(", ")}`,
              found: String(model),
            });
          }
          used.refs.add(model);
          return relationOf(model);
        },
        source(source, table) {
          const found = sources.find((doc) => doc.source === source && doc.table === table);
          if (found !== undefined) {
            used.sources.add(`${source}.${table}`);
            return sourceRelationOf(found);
          }
          throw new WarehouseError(`${file} has a source() that no schema file declares`, {
            expected: `one of ${sources.map((doc) => `${doc.source}.${doc.table}`).join(", ")}`,
            found: `${source}.${table}`,
          });
        },
        var(name, fallback) {
          const value = vars[name] ?? fallback;
          if (value !== undefined) return value;
          throw new WarehouseError(`${file} uses a variable that has no value`, {
            expected: `one of ${Object.keys(vars).join(", ")}`,
            found: String(name),
            remedy: "Give it a value beneath `vars` in dbt_project.yml.",
          });
        },
        config(settings) {
          Object.assign(used.config, settings);
          return "";
        },
        is_incremental: () => false,
        ...engineMacros(file),
      };
      return { scope, used };
    },
  };
}
