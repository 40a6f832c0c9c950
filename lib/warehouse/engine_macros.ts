import { WarehouseError } from "shopflow/errors/mod.ts";
import type { TemplateScope } from "./template.ts";

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
export function engineMacros(file: string): Pick<TemplateScope, "dispatch" | "dbt" | "target"> {
  return {
    dispatch(name, macros) {
      const forms = [`${ENGINE}__${name}`, `default__${name}`];
      const found = forms.map((form) => macros.lookup(form)).find((macro) => macro !== undefined);
      if (found !== undefined) return found;
      throw new WarehouseError(`${file} dispatches a macro that has no form for ${ENGINE}`, {
        expected: `a macro ${forms.join(" or ")}`,
        found: String(name),
      });
    },
    dbt: CROSS_DATABASE,
    target: { type: ENGINE },
  };
}
