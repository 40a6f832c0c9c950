import assert from "node:assert/strict";
import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import { type ProjectFiles, salesProject, withProject } from "../small_project.ts";

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
  await assert.rejects(compiled("select {{ dbt.no_such('id') }}"), {
    name: "WarehouseError",
    message: /Jinja of models\/curated\/sales\.sql cannot be rendered.*dbt\.no_such/,
  });
});

Deno.test("a macro defined in a model is refused, because dbt does not find it there", async () => {
  const sql = "{% macro cents(x) %}{{ x }} * 100{% endmacro %}\nselect {{ cents('a') }} as id";
  await assert.rejects(compiled(sql), {
    name: "WarehouseError",
    message:
      /sales\.sql cannot be rendered: found line 1: the macro cents is defined where dbt does not find it/,
  });
});

Deno.test("a mistake in a macro names the macro's file and line, and the line that calls it", async () => {
  const macros = { "macros/a.sql": "{% macro cents(x) %}\n{{ y }}\n{% endmacro %}" };
  await assert.rejects(compiled("select\n{{ cents('a') }} as id", macros), {
    message: /found macros\/a\.sql line 2, called from line 2: y is undefined/,
  });
});

Deno.test("a macro that calls itself for ever is an error", async () => {
  const macros = { "macros/a.sql": "{% macro again(x) %}{{ again(x) }}{% endmacro %}" };
  await assert.rejects(compiled("select {{ again(1) }}", macros), { message: /call each other without end/ });
});

Deno.test("a file of macros that cannot be read stops those who call them, and nobody else", async () => {
  const macros = {
    "macros/a.sql": "{% macro broken(x) %}{{ x",
    "macros/b.sql": "{% macro one() %}1{% endmacro %}",
  };
  assert.equal(await compiled("select {{ one() }} as id", macros), "select 1 as id");
  await assert.rejects(compiled("select {{ broken(1) }} as id", macros), {
    name: "WarehouseError",
    message: /The Jinja of macros\/a\.sql cannot be rendered: found line 1: \{\{ is not closed by \}\}/,
  });
});

Deno.test("a macro that dbt calls itself is refused where it is defined", async () => {
  const macros = { "macros/a.sql": "{% macro generate_alias_name(a, node) %}x{% endmacro %}" };
  await assert.rejects(compiled("select {{ generate_alias_name(1, 2) }} as id", macros), {
    message: /macros\/a\.sql line 1 defines generate_alias_name, which dbt calls itself/,
  });
});
