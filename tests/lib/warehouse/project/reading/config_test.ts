/** Settings of dbt work as in dbt, or are refused by name, file and line. */
import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { type ProjectFiles, withProject } from "../../small_project.ts";

const MODEL = { "models/marts/m.sql": "select 1 as id" };

function refused(sentence: string, files: ProjectFiles, message: RegExp): void {
  Deno.test(`${sentence} is refused by name, file and line`, () =>
    withProject({ ...MODEL, ...files }, async ({ folder }) => {
      await assert.rejects(loadSqlProject(folder), { name: "WarehouseError", message });
    }));
}

refused(
  "a hook of a model",
  { "models/marts/m.sql": "select 1 as id\n{{ config(post_hook='grant select on {{ this }} to x') }}" },
  /models\/marts\/m\.sql cannot be rendered: found line 2: the setting post_hook is not supported here: no statements run beside/,
);
refused(
  "a hook of a folder",
  { "dbt_project.yml": "name: test\nmodels:\n  test:\n    marts:\n      +post-hook: drop table x\n" },
  /dbt_project\.yml line 5: the setting post-hook is not supported here/,
);
refused(
  "a schema of a folder",
  { "dbt_project.yml": "name: test\nmodels:\n  test:\n    +schema: x\n" },
  /dbt_project\.yml line 4: the setting schema is not supported here: .* use `alias`/,
);
refused(
  "a misspelt setting",
  { "models/marts/m.sql": "{{ config(materialised='table') }} select 1 as id" },
  /found line 1: the setting materialised is not supported here: a model has .*materialized/,
);
refused(
  "a unique_key without incremental",
  { "models/marts/m.sql": "{{ config(materialized='table', unique_key='id') }} select 1 as id" },
  /m\.sql: the setting unique_key belongs to an incremental model/,
);
refused(
  "settings of another project",
  { "dbt_project.yml": "name: test\nmodels:\n  tset:\n    +materialized: table\n" },
  /dbt_project\.yml line 3: models has settings of tset: expected test/,
);
refused(
  "on-run-end",
  { "dbt_project.yml": "name: test\non-run-end:\n  - select 1\n" },
  /dbt_project\.yml line 2: on-run-end is not supported here/,
);
refused(
  "an entry that dbt does not have",
  { "dbt_project.yml": "name: test\n\nmodel-pahts: [models]\n" },
  /dbt_project\.yml is malformed at top level: .*model-pahts.*found line 3/,
);
refused(
  "constraints",
  {
    "models/marts/s.yml":
      "models:\n  - name: m\n    columns:\n      - name: id\n        constraints: [{ type: not_null }]\n",
  },
  /models\/marts\/s\.yml line 5: constraints is not supported here: use data tests/,
);
refused(
  "store_failures",
  {
    "models/marts/s.yml":
      "models:\n  - name: m\n    columns:\n      - { name: id, tests: [{ unique: { config: { store_failures: true } } }] }\n",
  },
  /the data test unique of m: the setting store_failures is not supported here: .*quarantine/,
);
refused(
  "a list of packages",
  { "packages.yml": "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n" },
  /packages\.yml is not supported here: packages of dbt are not read: copy the macros/,
);
refused(
  "a macro of a package",
  { "models/marts/m.sql": "select {{ dbt_utils.generate_surrogate_key(['id']) }} as id" },
  /found line 1: dbt_utils is not supported here: packages of dbt are not read/,
);
refused(
  "a test of a package",
  {
    "models/marts/s.yml":
      "models:\n  - name: m\n    tests:\n      - dbt_utils.equal_rowcount: { compare_model: ref('m') }\n",
  },
  /unknown data test for m.*found dbt_utils\.equal_rowcount\. Packages of dbt are not read/,
);
refused(
  "a snapshot of dbt",
  { "snapshots/s.sql": "{% snapshot s %}select 1{% endsnapshot %}" },
  /snapshots\/s\.sql is not supported here: dbt snapshots are not built/,
);
refused(
  "a model in Python",
  { "models/marts/p.py": "def model(dbt, session): return None\n" },
  /models\/marts\/p\.py is not supported here: models in Python are not run/,
);
refused(
  "a model that reads one that is not enabled",
  {
    "models/marts/off.sql": "{{ config(enabled=false) }} select 1 as id",
    "models/marts/m.sql": "select * from {{ ref('off') }}",
  },
  /models\/marts\/m\.sql reads the model off, which is not enabled/,
);

Deno.test("tags of all places count, meta is merged, and the innermost of other settings wins", () =>
  withProject({
    "dbt_project.yml":
      "name: test\nmodels:\n  test:\n    +tags: a\n    marts: { +tags: [b], +meta: { grain: [id] } }\n",
    "models/marts/m.sql": "{{ config(tags=['c'], alias='renamed') }} select 1 as id",
    "models/reader.sql": "select * from {{ ref('m') }}",
  }, async ({ folder }) => {
    const { models } = await loadSqlProject(folder);
    const model = models.find(({ ref }) => ref === "m");
    assert.deepEqual(model?.tags, ["a", "b", "c"]);
    assert.deepEqual(model?.doc.grain, ["id"]);
    const reader = models.find(({ ref }) => ref === "reader");
    assert.equal(reader?.sql, 'select * from "renamed"');
    assert.deepEqual(reader?.refs, ["renamed"]);
  }));

Deno.test("a folder of dbt_project.yml where nothing is warns of a typing error", () =>
  withProject({
    ...MODEL,
    "dbt_project.yml": "name: test\nmodels:\n  test:\n    mrats: { +materialized: table }\n",
  }, async ({ folder }) => {
    const { warnings } = await loadSqlProject(folder);
    assert.deepEqual(warnings, ["dbt_project.yml line 4: models has settings of mrats, where nothing is"]);
  }));
