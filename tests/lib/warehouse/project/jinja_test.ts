import assert from "node:assert/strict";
import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import { type ProjectFiles, salesProject, withProject } from "../small_project.ts";
import { neededMacros } from "../../../../lib/warehouse/project/jinja.ts";

/** SQL of the model `sales` with the given Jinja and macros. */
async function compiled(sql: string, macros: ProjectFiles = {}): Promise<string> {
  let found = "";
  await withProject(salesProject(sql, "    columns: []\n", macros), async ({ folder }) => {
    found = (await loadSqlProject(folder)).models.find(({ name }) => name === "sales")!.sql;
  });
  return found;
}

Deno.test("adapter.dispatch takes the macro of DuckDB, else the default one, wherever it stands", async () => {
  const macros = {
    "macros/a.sql":
      "{% macro both(x) %}{{ adapter.dispatch('both')(x) }}{% endmacro %}{% macro one(x) %}{{ adapter.dispatch('one')(x) }}{% endmacro %}",
    "macros/b.sql": "{% macro default__one(x) %}default({{ x }}){% endmacro %}" +
      "{% macro default__both(x) %}default({{ x }}){% endmacro %}{% macro spark__one(x) %}spark({{ x }}){% endmacro %}" +
      "{% macro duckdb__both(x) %}duckdb({{ x }}){% endmacro %}",
  };
  assert.equal(
    await compiled("select {{ both('id') }}, {{ one(both('id')) }}", macros),
    "select duckdb(id), default(duckdb(id))",
  );
});

Deno.test("dbt's own macros and target.type are those of DuckDB", async () => {
  assert.equal(
    await compiled("select cast(1 as {{ dbt.type_string() }}), {{ dbt.hash('id') }}, '{{ target.type }}'"),
    "select cast(1 as TEXT), md5(cast(id as TEXT)), 'duckdb'",
  );
});

Deno.test("a dispatched macro without a form for DuckDB is refused by its name", async () => {
  const macros = {
    "macros/a.sql":
      "{% macro day(x) %}{{ adapter.dispatch('day')(x) }}{% endmacro %}{% macro spark__day(x) %}{{ x }}{% endmacro %}",
  };
  await assert.rejects(compiled("select {{ day('id') }}", macros), {
    name: "WarehouseError",
    message:
      /sales\.sql dispatches .* no implementation for duckdb: expected a macro duckdb__day or default__day, found day/,
  });
});

Deno.test("a macro of dbt that the runner does not have is refused", async () => {
  await assert.rejects(compiled("select {{ dbt.listagg('id') }}"), {
    name: "WarehouseError",
    message: /Jinja of models\/curated\/sales\.sql cannot be rendered.*listagg/,
  });
});

Deno.test("of the macros those come along that a file names, and those that these name, in their order", () => {
  const month = "{% macro month_of(day) -%}{{ month_text(day) }}{%- endmacro %}";
  const text = "{% macro month_text(day) -%}x{%- endmacro %}";
  const dispatched = "{% macro spark__weekday(day) -%}x{%- endmacro %}";
  const other = "{%- macro unused() -%}{{ month_of('a') }}{%- endmacro %}";
  const all = [other, text, dispatched, month];
  assert.equal(neededMacros("select {{ month_of('day') }}", all), text + month);
  assert.equal(neededMacros("select {{ adapter.dispatch('weekday')('day') }}", all), dispatched);
  assert.equal(neededMacros("select month", all), "");
});
