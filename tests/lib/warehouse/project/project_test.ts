import { loadSqlProject, openSnapshot } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { salesProject, withProject, writeFiles } from "../small_project.ts";

const NO_TESTS = "    columns: []\n";

Deno.test("models come after those they read", async () => {
  const files = {
    "models/curated/a.sql": "select * from {{ ref('m') }}",
    "models/staging/m.sql": "select * from {{ ref('z') }}",
    "models/staging/z.sql": "select 1 as id",
  };
  await withProject(files, async ({ folder }) => {
    const { models } = await loadSqlProject(folder);
    assert.deepEqual(models.map((model) => model.name), ["z", "m", "a"]);
    assert.deepEqual(models.map((model) => model.layer), ["staging", "staging", "curated"]);
  });
});

Deno.test("models that read each other are refused with the circle", async () => {
  const files = {
    "models/a.sql": "select * from {{ ref('b') }}",
    "models/b.sql": "select * from {{ ref('c') }}",
    "models/c.sql": "select * from {{ ref('a') }}",
  };
  await withProject(files, async ({ folder }) => {
    await assert.rejects(loadSqlProject(folder), { name: "WarehouseError", message: /a -> b -> c -> a/ });
  });
});

function refused(sentence: string, sql: string, message: RegExp): void {
  Deno.test(`${sentence} is refused and the file is named`, async () => {
    await withProject(salesProject(sql, NO_TESTS), async ({ folder }) => {
      await assert.rejects(loadSqlProject(folder), { name: "WarehouseError", message });
    });
  });
}

refused(
  "a ref() to an unknown model",
  "select * from {{ ref('salse') }}",
  /models\/curated\/sales\.sql has a ref.*salse/,
);
refused(
  "a source() that is not declared",
  "select * from {{ source('raw', 'orders') }}",
  /models\/curated\/sales\.sql has a source.*found raw\.orders/,
);
refused("a variable without value", "select {{ var('x') }} as id", /sales\.sql uses a variable.*found x/);
refused(
  "an unclosed expression",
  "select {{ ref('sales' ",
  /Jinja of models\/curated\/sales\.sql cannot be rendered/,
);
refused("an unknown macro", "select {{ cents('a') }} as id", /Jinja of models\/curated\/sales\.sql.*cents/);
refused(
  "an unknown materialization",
  "{{ config(materialized='materialised') }} select 1 as id",
  /sales\.sql: the setting materialized of a model has a wrong value: expected one of view, table, incremental, ephemeral, found "materialised"/,
);

Deno.test("a folder that is no project is named", async () => {
  await assert.rejects(loadSqlProject("/no/such/project"), {
    name: "WarehouseError",
    message: /expected \/no\/such\/project\/dbt_project\.yml/,
  });
});

Deno.test("two models of one name are refused", async () => {
  const files = { "models/a/x.sql": "select 1 as id", "models/b/x.sql": "select 2 as id" };
  await withProject(files, async ({ folder }) => {
    await assert.rejects(loadSqlProject(folder), { message: /models\/a\/x\.sql and models\/b\/x\.sql/ });
  });
});

Deno.test("the innermost setting of a materialization wins: file, schema file, folder, project", async () => {
  const files = {
    "dbt_project.yml":
      "name: test\nmodels:\n  test:\n    +materialized: table\n    staging:\n      +materialized: view\n",
    "models/by_project.sql": "select 1 as id",
    "models/staging/by_folder.sql": "select 1 as id",
    "models/staging/by_schema.sql": "select 1 as id",
    "models/by_file.sql": "{{ config(materialized='view') }} select 1 as id",
    "models/schema.yml": "models:\n  - { name: by_schema, config: { materialized: table } }\n" +
      "  - { name: by_file, config: { materialized: table } }\n",
  };
  await withProject(files, async ({ folder }) => {
    const { models } = await loadSqlProject(folder);
    const chosen = Object.fromEntries(models.map((model) => [model.name, model.materialized]));
    assert.deepEqual(chosen, { by_project: "table", by_folder: "view", by_schema: "table", by_file: "view" });
  });
});

Deno.test("macros, loops, variables and is_incremental() work as in dbt", async () => {
  const sql = `{{ config(materialized='table') }}
{# a comment with {{ ref('nothing') }} #}
{% set ids = [1, 2] %}
{% for id in ids %}
select {{ id }} as id, {{ cents('amount') }} as amount from (select {{ var('price') }} as amount)
{% if is_incremental() %} where false {% endif %}
{% if not loop.last %} union all {% endif %}
{% endfor %};
`;
  const more = {
    "dbt_project.yml": "name: test\nvars: { price: 1.25 }\n",
    "macros/cents.sql": "{% macro cents(column) -%} cast({{ column }} * 100 as integer) {%- endmacro %}",
  };
  await withProject(salesProject(sql, NO_TESTS, more), async ({ build, store }) => {
    await build();
    using session = await openSnapshot(store);
    assert.deepEqual(await session.rows("SELECT * FROM sales ORDER BY id"), [
      { id: 1, amount: 125 },
      { id: 2, amount: 125 },
    ]);
  });
});

Deno.test("Windows line ends change neither the SQL nor the project's version", async () => {
  const files = salesProject("select 1 as id\n", NO_TESTS);
  await withProject(files, async ({ folder }) => {
    const unix = await loadSqlProject(folder);
    const windows = Object.entries(files).map(([path, text]) => [path, text.replaceAll("\n", "\r\n")]);
    await writeFiles(folder, Object.fromEntries(windows));
    assert.deepEqual(await loadSqlProject(folder), unix);
  });
});

Deno.test("a changed model or variable changes the project's version", async () => {
  await withProject(salesProject("select 1 as id", NO_TESTS), async ({ folder }) => {
    const before = (await loadSqlProject(folder)).version;
    assert.equal((await loadSqlProject(folder)).version, before);
    assert.notEqual((await loadSqlProject(folder, { x: 1 })).version, before);
    await writeFiles(folder, { "models/curated/sales.sql": "select 2 as id" });
    assert.notEqual((await loadSqlProject(folder)).version, before);
  });
});
