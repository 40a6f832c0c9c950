// @ts-types="@types/nunjucks"
import nunjucks from "nunjucks";
import { ShopFlowError, WarehouseError } from "shopflow/errors/mod.ts";
import { neededMacros } from "./needed_macros.ts";

/** The macros that a file and those in front of it define. */
export interface Macros {
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
