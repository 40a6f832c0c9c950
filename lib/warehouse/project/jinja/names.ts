/** The names of dbt that the Jinja of a project finds: `ref`, `source`, `var`, `config`, `this`, … */
import { WarehouseError } from "shopflow/errors/mod.ts";
import { bound, required, textOf } from "../../jinja/python/calling.ts";
import { globalFunction } from "../../jinja/globals.ts";
import type { Names } from "../../jinja/scope.ts";
import {
  type Arguments,
  Callable,
  Dict,
  fromJson,
  isTrue,
  JinjaError,
  printed,
  type PyValue,
  Thing,
  toJson,
} from "../../jinja/python/values.ts";
import { sqlName } from "../../session.ts";
import { relationOf, sourceRelationOf } from "../../relation.ts";
import { callable, type MacroLibrary } from "./macros.ts";
import { type Kind, refusalOf } from "../reading/config.ts";
import type { SourceDoc } from "../reading/schema_yml.ts";

/** What a file used of the project while it was rendered. */
export interface UsedByFile {
  refs: Set<string>;
  /** Source tables, as `source.table`. */
  sources: Set<string>;
  config: Record<string, unknown>;
}

/** A project as far as names in its files are concerned. */
export interface ProjectNames {
  project: string;
  /** Files of the models, by name. */
  models: Map<string, string>;
  /** Names of tables that differ from their models' names. */
  tables: Map<string, string>;
  sources: SourceDoc[];
  vars: Record<string, unknown>;
  library: MacroLibrary;
  /** What files took from the environment, by name. */
  environment: Map<string, string>;
  /** Is given what files print, for people. */
  warn: (text: string) => void;
}

/** What one file is. */
export interface FileNames {
  /** Path for messages. */
  file: string;
  /** What its config() is about; default: a model. */
  kind?: Kind;
  /** The model that the file is, if it is one. */
  model?: { name: string; alias: string };
  /** Settings that others gave it, for `config.get`. */
  config?: object;
  /** Names in place of those of the project, e.g. in a unit test. */
  overrides?: Record<string, PyValue>;
}

/** The engine of this runner, as dbt's adapters call it. */
const ENGINE = "duckdb";

const NO_DATABASE =
  "SQL is rendered before the tables are there: join the table, or give the values as a variable or seed";
const NOT_REPEATABLE =
  "the same raw rows must give the same tables: leave it out, or use a column of the data";
const PACKAGE = "packages of dbt are not read: copy the macro that you need into the folder macros";

/** Names of dbt that are refused, and what to do instead. */
const REFUSED: Record<string, string> = {
  run_query: NO_DATABASE,
  statement: NO_DATABASE,
  load_result: NO_DATABASE,
  load_relation: NO_DATABASE,
  store_result: NO_DATABASE,
  get_columns_in_relation: NO_DATABASE,
  get_column_values: NO_DATABASE,
  graph: "write the names out",
  selected_resources: "write the names out",
  context: "call the macro by its name",
  run_started_at: NOT_REPEATABLE,
  invocation_id: NOT_REPEATABLE,
  invocation_args_dict: NOT_REPEATABLE,
  dbt_metadata_envs: NOT_REPEATABLE,
  dbt_version: NOT_REPEATABLE,
  thread_id: NOT_REPEATABLE,
  modules: "Python modules are not there: use SQL, e.g. strftime and regexp_replace, or a variable",
  api: "use the macros of types, e.g. dbt.type_string()",
  dbt_utils: PACKAGE,
  dbt_date: PACKAGE,
  dbt_expectations: PACKAGE,
  codegen: PACKAGE,
  audit_helper: PACKAGE,
  elementary: PACKAGE,
};

/** The names of a project, for one file at a time; `used` says what the file took of them. */
export function namesFor(
  project: ProjectNames,
  { file, kind = "model", model, config = {}, overrides = {} }: FileNames,
): { names: Names; used: UsedByFile } {
  const used: UsedByFile = { refs: new Set(), sources: new Set(), config: {} };
  const { library } = project;
  const macroNamed = (name: string): PyValue | undefined => {
    const macro = library.macros.get(name);
    if (macro !== undefined) return callable(name, macro, names);
    const unreadable = library.unreadable.get(name);
    if (unreadable !== undefined) throw unreadable;
  };
  const macroOfDbt = (name: string): PyValue | undefined => {
    const macro = library.ofDbt.get(name);
    return macro && callable(name, macro, names);
  };
  const own: Record<string, PyValue> = {
    ...refsAndSources(project, file, used),
    var: variables(project, file),
    config: configOf(used, config, kind),
    is_incremental: new Callable("is_incremental", () => false),
    adapter: adapter((name) => macroNamed(name) ?? macroOfDbt(name), file),
    [project.project]: new Thing(project.project, macroNamed),
    dbt: new Thing("dbt", (name) => {
      const macro = macroOfDbt(name);
      if (macro === undefined) {
        throw new JinjaError(`dbt.${name} is not among the macros of dbt that work here`);
      }
      return macro;
    }),
    ...about(project, model),
    ...messages(file, project.warn),
    ...overrides,
  };
  own.builtins = thing("builtins", {
    ref: own.ref!,
    source: own.source!,
    config: own.config!,
    var: own.var!,
  });
  const names: Names = {
    find(name) {
      if (Object.hasOwn(overrides, name)) return overrides[name];
      const found = macroNamed(name) ?? (Object.hasOwn(own, name) ? own[name] : undefined) ??
        macroOfDbt(name) ??
        globalFunction(name);
      if (found === undefined && Object.hasOwn(REFUSED, name)) {
        throw new JinjaError(`${name} is not supported here: ${REFUSED[name]}`);
      }
      return found;
    },
  };
  return { names, used };
}

/** A thing of dbt: what it does not have is an error at once. */
const thing = (name: string, attributes: Record<string, PyValue>, text?: string) =>
  new Thing(name, (attribute) => {
    if (Object.hasOwn(attributes, attribute)) return attributes[attribute];
    throw new JinjaError(
      `${name}.${attribute} is not supported here: ${name} has ${Object.keys(attributes).join(", ")}`,
    );
  }, text);

const method = (name: string, call: (args: Arguments) => PyValue) => new Callable(name, call);

/** The relation of a model or source as Jinja sees it. */
export function relation(text: string, identifier: string, schema = "main"): Thing {
  const self: Thing = thing("relation", {
    identifier,
    name: identifier,
    table: identifier,
    schema,
    render: method("render", () => text),
    include: method("include", () => self),
    quote: method("quote", () => self),
  }, text);
  return self;
}

function refsAndSources({ models, tables, sources, project }: ProjectNames, file: string, used: UsedByFile) {
  return {
    ref: method("ref", ({ positional, named }) => {
      if (named.size > 0) {
        throw new JinjaError(`ref() takes no ${[...named.keys()]}: models have no versions here`);
      }
      const [first, second] = positional.map((name) => textOf("ref", name));
      if (first === undefined || positional.length > 2) {
        throw new JinjaError("ref() takes the name of a model");
      }
      if (second !== undefined && first !== project) {
        throw new JinjaError(`ref() to the package ${first}: ${PACKAGE}`);
      }
      const name = second ?? first;
      if (!models.has(name)) {
        throw new WarehouseError(`${file} has a ref() to a model that does not exist`, {
          expected: `one of ${[...models.keys()].join(", ")}`,
          found: name,
        });
      }
      used.refs.add(name);
      const table = tables.get(name) ?? name;
      return relation(relationOf(table), table);
    }),
    source: method("source", (args) => {
      const given = bound("source", args, ["source_name", "table_name"]);
      const [source, table] = [textOf("source", given.source_name), textOf("source", given.table_name)];
      const found = sources.find((doc) => doc.source === source && doc.name === table);
      if (found === undefined) {
        throw new WarehouseError(`${file} has a source() that no schema file declares`, {
          expected: `one of ${sources.map((doc) => `${doc.source}.${doc.name}`).join(", ")}`,
          found: `${source}.${table}`,
        });
      }
      used.sources.add(`${source}.${table}`);
      return relation(sourceRelationOf(found), found.table, found.schema);
    }),
  };
}

function variables({ vars }: ProjectNames, file: string): Callable {
  const value = (args: Arguments) => {
    const { name, default: fallback } = bound("var", args, ["name", "default"]);
    const key = textOf("var", name);
    if (Object.hasOwn(vars, key)) return fromJson(vars[key]);
    if (fallback !== undefined) return fallback;
    throw new WarehouseError(`${file} uses a variable that has no value`, {
      expected: `one of ${Object.keys(vars).join(", ")}`,
      found: key,
      remedy: "Give it a value beneath `vars` in dbt_project.yml.",
    });
  };
  return new Callable("var", value, {
    has_var: method(
      "has_var",
      (args) => Object.hasOwn(vars, textOf("has_var", bound("has_var", args, ["name"]).name)),
    ),
  });
}

function configOf(used: UsedByFile, before: object, kind: Kind): Callable {
  const set = ({ positional, named }: Arguments) => {
    for (const settings of [...positional, new Dict(named)]) {
      if (!(settings instanceof Dict)) throw new JinjaError("config() takes settings with names");
      for (const [name, value] of Object.entries(toJson(settings) as object)) {
        const refusal = refusalOf(name, kind);
        if (refusal !== undefined) throw new JinjaError(refusal);
        used.config[name] = value;
      }
    }
    return "";
  };
  const read = (args: Arguments, isRequired: boolean) => {
    const { name, default: fallback = null } = bound("config.get", args, ["name", "default", "validator"]);
    const key = textOf("config.get", name);
    const settings: Record<string, unknown> = { ...before, ...used.config };
    if (Object.hasOwn(settings, key)) return fromJson(settings[key]);
    if (isRequired) throw new JinjaError(`config.require: ${key} is not set`);
    return fallback;
  };
  return new Callable("config", set, {
    get: method("config.get", (args) => read(args, false)),
    require: method("config.require", (args) => read(args, true)),
  });
}

/** `adapter.dispatch`: the macro `duckdb__name`, else `default__name`. */
function adapter(macroNamed: (name: string) => PyValue | undefined, file: string): Thing {
  return thing("adapter", {
    dispatch: method("dispatch", (args) => {
      const given = bound("adapter.dispatch", args, ["macro_name", "macro_namespace"]);
      const name = textOf("adapter.dispatch", given.macro_name);
      const forms = [`${ENGINE}__${name}`, `default__${name}`];
      // dbt's own macros are kept here in the one form of this engine.
      const found = [...forms, ...(given.macro_namespace === "dbt" ? [name] : [])]
        .map(macroNamed).find((macro) => macro !== undefined);
      if (found !== undefined) return found;
      throw new WarehouseError(`${file} dispatches a macro that has no implementation for ${ENGINE}`, {
        expected: `a macro ${forms.join(" or ")}`,
        found: name,
      });
    }),
    quote: method(
      "quote",
      (args) => sqlName(textOf("adapter.quote", bound("quote", args, ["identifier"]).identifier)),
    ),
    type: method("type", () => ENGINE),
  });
}

/** What says where a file runs. */
function about({ project, environment }: ProjectNames, model: FileNames["model"]): Record<string, PyValue> {
  return {
    execute: true,
    project_name: project,
    schema: "main",
    target: thing("target", {
      name: ENGINE,
      type: ENGINE,
      schema: "main",
      profile_name: project,
      threads: 1n,
    }),
    flags: thing("flags", { FULL_REFRESH: false, WHICH: "build" }),
    ...(model !== undefined && {
      this: relation(relationOf(model.alias), model.alias),
      model: thing("model", { ...model, resource_type: "model", package_name: project }),
    }),
    env_var: method("env_var", (args) => {
      const { var: name, default: fallback } = bound("env_var", args, ["var", "default"]);
      const key = textOf("env_var", name);
      const value = Deno.env.get(key) ?? fallback;
      if (value !== undefined) environment.set(key, printed(value));
      else throw new JinjaError(`the environment has no ${key}, and no default is given`);
      return value;
    }),
  };
}

/** Messages of a template. */
function messages(file: string, warn: ProjectNames["warn"]): Record<string, PyValue> {
  const say = (text: PyValue | undefined) => {
    if (text !== undefined) warn(`${file}: ${printed(text)}`);
    return "";
  };
  return {
    log: method("log", (args) => {
      const { msg, info = false } = bound("log", args, ["msg", "info"]);
      return isTrue(info) ? say(msg) : "";
    }),
    print: method("print", (args) => say(bound("print", args, ["msg"]).msg)),
    exceptions: thing("exceptions", {
      raise_compiler_error: method("raise_compiler_error", (args) => {
        const { msg } = bound("raise_compiler_error", args, ["msg", "node"]);
        throw new JinjaError(printed(required("raise_compiler_error", "msg", msg)));
      }),
      warn: method("warn", (args) => say(bound("warn", args, ["msg", "node"]).msg)),
    }),
  };
}
