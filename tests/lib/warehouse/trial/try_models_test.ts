import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import { tryModels } from "shopflow/warehouse/trial/mod.ts";
import { currentSnapshotId } from "shopflow/lake/mod.ts";
import assert from "node:assert/strict";
import { stillRuntime, withProject } from "../small_project.ts";
import type { Selection } from "../../../../lib/warehouse/trial/select.ts";

const FILES = {
  "dbt_project.yml": "name: test\nmodels:\n  test:\n    core: { +meta: { required: true } }\n",
  "models/core/a.sql": "select 1 as id",
  "models/core/b.sql": "{{ config(tags=['daily']) }} select * from {{ ref('a') }}",
  "models/marts/c.sql": "{{ config(tags=['daily', 'money']) }} select * from {{ ref('b') }}",
  "models/marts/d.sql": "selct",
  "models/marts/e.sql": "select * from {{ ref('d') }}",
  "models/core/schema.yml":
    "models:\n  - { name: a, columns: [{ name: id, tests: [unique, { accepted_values: { values: [5] } }] }] }\n" +
    "  - { name: b, columns: [{ name: id, tests: [{ relationships: { to: ref('a'), field: id } }] }] }\n",
};

async function tried(selection: Selection): Promise<string[]> {
  let results: string[] = [];
  await withProject(FILES, async ({ folder, store }) => {
    const project = await loadSqlProject(folder);
    const found = await tryModels({ store, project, inputs: {} }, selection, stillRuntime().runtime);
    results = found.map(({ name, outcome }) => `${name} ${outcome}`);
    assert.equal(await currentSnapshotId(store), undefined);
  });
  return results;
}

const SELECTIONS: [string, Selection, string[]][] = [
  ["a name", { select: ["b"] }, ["b ok", "b.id: relationships pass"]],
  ["what it reads", { select: ["+b"] }, [
    "a ok",
    "b ok",
    "a.id: unique pass",
    "a.id: accepted_values fail",
    "b.id: relationships pass",
  ]],
  ["one step back", { select: ["1+c"] }, ["b ok", "c ok", "b.id: relationships pass"]],
  ["what reads it", { select: ["b+"], exclude: ["b"] }, ["c ok"]],
  ["a tag", { select: ["tag:daily"], exclude: ["path:models/core"] }, ["c ok"]],
  ["tags and folders at once", { select: ["tag:daily,path:models/marts"] }, ["c ok"]],
  ["a folder", { select: ["marts"], exclude: ["d", "e"] }, ["c ok"]],
  ["a path", { select: ["models/marts/c.sql"] }, ["c ok"]],
  ["a pattern and words in one text", { select: ["c* tag:money"] }, ["c ok"]],
  ["a model that fails and one that reads it", { select: ["d", "e"] }, ["d error", "e error"]],
];
for (const [sentence, selection, expected] of SELECTIONS) {
  Deno.test(`--select takes ${sentence}`, async () => assert.deepEqual(await tried(selection), expected));
}

Deno.test("a selection that means nothing is refused with the names", async () => {
  await assert.rejects(tried({ select: ["sales"] }), {
    name: "InputError",
    message: /The selection sales means no model: expected one of a, b, c, d, e/,
  });
  await assert.rejects(tried({ select: ["state:modified"] }), {
    message: /selection method state is not supported/,
  });
});
