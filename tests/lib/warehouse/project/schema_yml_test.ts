import { parseSchemaFile } from "../../../../lib/warehouse/project/reading/schema_yml.ts";
import assert from "node:assert/strict";
import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import { salesProject, withProject } from "../small_project.ts";

function refused(sentence: string, schema: string, message: RegExp): void {
  Deno.test(`a schema file with ${sentence} is refused by name and place`, async () => {
    await withProject(salesProject("select 1 as id", schema), async ({ folder }) => {
      await assert.rejects(loadSqlProject(folder), { name: "WarehouseError", message });
    });
  });
}

refused("broken indentation", "   columns:\n - x: [", /models\/curated\/schema\.yml is not YAML.*line 4/s);
refused(
  "a misspelled entry",
  "    colums:\n      - name: id\n",
  /schema\.yml is malformed at models > 0: .*colums/,
);
refused(
  "a column without name",
  "    columns:\n      - description: x\n",
  /malformed at models > 0 > columns > 0 > name/,
);
refused(
  "an unknown data test",
  "    columns:\n      - name: id\n        data_tests: [positive]\n",
  /unknown data test for sales: expected one of unique, not_null, accepted_values, relationships, found positive/,
);
refused(
  "an unknown severity",
  "    columns:\n      - name: id\n        data_tests:\n          - unique: { config: { severity: fatal } }\n",
  /the data test unique of sales: the setting severity of a data test has a wrong value: expected one of warn, error, found "fatal"/,
);
refused(
  "arguments beside the test's name",
  "    columns:\n      - name: id\n        data_tests:\n          - unique: {}\n            config: { severity: warn }\n",
  /one data test an entry/,
);
refused(
  "accepted values that are missing",
  "    columns:\n      - name: id\n        data_tests:\n          - accepted_values: { arguments: { value: [1] } }\n",
  /accepted_values of column id is malformed: found values/,
);
refused(
  "a column test beneath the model",
  "    data_tests: [not_null]\n",
  /declares not_null for a whole model: expected not_null beneath one of its columns/,
);
refused(
  "a relationship to nowhere",
  "    columns:\n      - name: id\n        data_tests:\n          - relationships: { arguments: { to: ref('nowhere'), field: id } }\n",
  /schema\.yml has a ref\(\) to a model that does not exist.*found nowhere/,
);
refused(
  "a model that does not exist",
  "  - name: ghost\n",
  /documents a model that does not exist.*found ghost/,
);

Deno.test("a data test takes its arguments beneath `arguments` or, as before dbt 1.10, beside the settings", async () => {
  const columns = (test: string) =>
    `    columns:\n      - name: id\n        data_tests:\n          - ${test}\n`;
  const forms = [
    "accepted_values: { arguments: { values: [1] }, config: { severity: warn } }",
    "accepted_values: { values: [1], severity: warn }",
  ];
  for (const form of forms) {
    await withProject(salesProject("select 1 as id", columns(form)), async ({ folder }) => {
      const [test] = (await loadSqlProject(folder)).tests;
      assert.equal(test?.severity, "warn");
      assert.match(test.sql, /not in \('1'\)/);
    });
  }
});

Deno.test("STRING, dbt's name on every engine, is DuckDB's VARCHAR", () => {
  const text =
    "models:\n  - name: sales\n    columns: [{ name: id, data_type: STRING }, { name: n, data_type: BIGINT }]\n";
  const { models } = parseSchemaFile(text, "schema.yml");
  assert.deepEqual(models[0]!.columns.map(({ dataType }) => dataType), ["VARCHAR", "BIGINT"]);
});
