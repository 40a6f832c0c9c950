/** What is wrong with a model that nothing required reads stops only that model. */
import { loadSqlProject, openSnapshot } from "shopflow/warehouse/mod.ts";
import { currentSnapshotId } from "shopflow/lake/mod.ts";
import assert from "node:assert/strict";
import { type ProjectFiles, withProject } from "../small_project.ts";

/** A required model, and one of an analyst. */
const PROJECT: ProjectFiles = {
  "dbt_project.yml":
    "name: test\nmodels:\n  test:\n    core: { +materialized: table, +meta: { required: true } }\n",
  "models/core/sales.sql": "select 1 as id",
  "models/marketing/good.sql": "select * from {{ ref('sales') }}",
  "models/marketing/reader.sql": "select * from {{ ref('bad') }}",
};

/** @param reasons What is said of `bad`, which is always left out with what reads it, or of a file. */
function leftOut(sentence: string, files: ProjectFiles, reasons: Record<string, RegExp>): void {
  Deno.test(`${sentence} leaves out its model and what reads it, and the rest is published`, () =>
    withProject({ ...PROJECT, ...files }, async ({ build, store }) => {
      const { manifest } = await build();
      assert.deepEqual(Object.keys(manifest.tables).filter((name) => ["good", "sales"].includes(name)), [
        "good",
        "sales",
      ]);
      assert.ok(!("bad" in manifest.tables) && !("reader" in manifest.tables));
      for (const [name, reason] of Object.entries(reasons)) {
        assert.match(manifest.leftOut?.find((model) => model.name === name)?.reason ?? "none", reason, name);
      }
      using session = await openSnapshot(store);
      assert.deepEqual(await session.rows("FROM good"), [{ id: 1 }]);
    }));
}

const bad = (sql: string) => ({ "models/marketing/bad.sql": sql });
const READER = { reader: /reader reads bad, which was left out/ };

leftOut("broken Jinja", bad("select {{ 1"), {
  bad: /The Jinja of models\/marketing\/bad\.sql cannot be rendered: found line 1: \{\{ is not closed/,
  ...READER,
});
leftOut("broken SQL", bad("selct 1"), {
  bad: /models\/marketing\/bad\.sql failed: .*syntax error/,
  ...READER,
});
leftOut("an error that rows meet", bad("select cast('x' as integer) as id"), {
  bad: /bad\.sql failed: .*Could not convert string 'x'/,
  ...READER,
});
leftOut("a setting that does not work", bad("{{ config(post_hook='x') }} select 1 as id"), {
  bad: /the setting post_hook is not supported/,
  ...READER,
});
leftOut("a failed data test", {
  ...bad("select 7 as id union all select 7"),
  "models/marketing/schema.yml": "models:\n  - { name: bad, columns: [{ name: id, tests: [unique] }] }\n",
}, { bad: /bad\.id: unique failed for 1 row, e\.g\. \{"id":7,"copies":2\}/, ...READER });
leftOut("a data test that cannot be run", {
  ...bad("select 7 as id"),
  "models/marketing/schema.yml":
    "models:\n  - { name: bad, columns: [{ name: no_such, tests: [unique] }] }\n",
}, { bad: /data test bad\.no_such: unique .* cannot be run/, ...READER });
leftOut("a failed unit test", {
  ...bad("select id + 1 as id from {{ ref('sales') }}"),
  "models/marketing/schema.yml": `unit_tests:
  - name: adds_two
    model: bad
    given: [{ input: ref('sales'), rows: [{ id: 1 }] }]
    expect: { rows: [{ id: 3 }] }
`,
}, { bad: /bad: unit test adds_two failed for 2 rows, e\.g\. .*expected, and missing.*"id":3/, ...READER });
leftOut("a circle", {
  ...bad("select * from {{ ref('worse') }}"),
  "models/marketing/worse.sql": "select * from {{ ref('bad') }}",
}, { bad: /read each other in a circle: found bad -> worse -> bad/, reader: /left out|circle/ });
leftOut("a source that nothing declares", bad("select * from {{ source('crm', 'leads') }}"), {
  bad: /has a source\(\) that no schema file declares/,
  ...READER,
});
leftOut("a source without raw files", {
  ...bad("select * from {{ source('crm', 'leads') }}"),
  "models/marketing/sources.yml": "sources:\n  - { name: crm, tables: [{ name: leads }] }\n",
}, { bad: /A raw table is missing from the lake/, ...READER });
leftOut("a model of a name that a required one has", {
  ...bad("select {{ 1"),
  "models/marketing/sales.sql": "select 2 as id",
}, { "models/marketing/sales.sql": /Two SQL models are called sales/ });
leftOut("a broken test file", { ...bad("selct"), "tests/mine.sql": "select * from {{ ref('nothing') }}" }, {
  "tests/mine.sql": /has a ref\(\) to a model that does not exist/,
});
leftOut("a list of packages", {
  ...bad("selct"),
  "packages.yml": "packages:\n  - git: https://example.org/x\n",
}, {
  "packages.yml": /packages of dbt are not read/,
});

Deno.test("a schema file that is no YAML leaves out the models of its folder", () =>
  withProject({ ...PROJECT, "models/marketing/schema.yml": "models:\n - x: [" }, async ({ build }) => {
    const { manifest } = await build();
    assert.deepEqual(Object.keys(manifest.tables), ["sales"]);
    assert.match(
      manifest.leftOut?.find(({ name }) => name === "good")?.reason ?? "",
      /schema\.yml is not YAML/,
    );
  }));

const STOPS: Record<string, ProjectFiles> = {
  "broken SQL of a required model": { "models/core/sales.sql": "selct 1" },
  "broken Jinja of a required model": { "models/core/sales.sql": "select {{ 1" },
  "a broken model that a required one reads": {
    ...bad("select {{ 1"),
    "models/core/sales.sql": "select * from {{ ref('bad') }}",
  },
  "a failed test of a required model": {
    "models/core/schema.yml":
      "models:\n  - { name: sales, columns: [{ name: id, tests: [{ accepted_values: { values: [2] } }] }] }\n",
  },
  "a schema file of required models that is no YAML": { "models/core/schema.yml": "models:\n - x: [" },
};
for (const [sentence, files] of Object.entries(STOPS)) {
  Deno.test(`${sentence} stops the publish`, () =>
    withProject({ ...PROJECT, ...bad("select 1 as id"), ...files }, async ({ build, store }) => {
      await assert.rejects(build(), { name: /WarehouseError|DataTestError/ });
      assert.equal(await currentSnapshotId(store), undefined);
    }));
}

Deno.test("a project without required models is built whole or not at all", () =>
  withProject({ "models/a.sql": "select 1 as id", "models/b.sql": "selct" }, async ({ build, folder }) => {
    assert.ok((await loadSqlProject(folder)).models.every(({ isRequired }) => isRequired));
    await assert.rejects(build(), { message: /models\/b\.sql failed/ });
  }));
