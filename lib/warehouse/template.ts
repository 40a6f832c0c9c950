// @ts-types="@types/nunjucks"
import nunjucks from "nunjucks";
import { ShopFlowError, WarehouseError } from "shopflow/errors/mod.ts";

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
  /** Arguments of a generic data test. */
  [argument: string]: unknown;
}

const environment = new nunjucks.Environment([], { autoescape: false, throwOnUndefined: true });

/**
 * Renders the Jinja of a SQL file.
 *
 * @param macros Jinja text in front of it that defines macros.
 * @throws {WarehouseError} when the template is malformed or uses an unknown name.
 */
export function renderSql(text: string, file: string, scope: TemplateScope, macros = ""): string {
  let refused: ShopFlowError | undefined;
  // nunjucks turns what a called function throws into a message of its own: keep ours.
  const guarded = Object.fromEntries(
    Object.entries(scope).map(([name, value]) => [
      name,
      typeof value !== "function" ? value : (...args: unknown[]) => {
        try {
          return value(...args);
        } catch (error) {
          if (error instanceof ShopFlowError) refused ??= error;
          throw error;
        }
      },
    ]),
  );
  try {
    return environment.renderString(macros + text, guarded).trim();
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
