import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { currentDictionary, DATA_DICTIONARY } from "../../../pipelines/commands/data_dictionary.ts";
import { WAREHOUSE_PROJECT } from "../../../pipelines/steps/transform.ts";

Deno.test("the data dictionary is what the schema files say", async () => {
  const written = (await Deno.readTextFile(DATA_DICTIONARY)).replaceAll("\r\n", "\n");
  assert.equal(written, await currentDictionary(), "run `deno task dictionary`");
});

Deno.test("every published column has a type and a meaning", async () => {
  const { models } = await loadSqlProject(WAREHOUSE_PROJECT);
  const undocumented = models.filter((model) => model.layer === "curated").flatMap(({ name, doc }) =>
    doc.columns.filter((column) => !column.dataType || !column.description).map((column) =>
      `${name}.${column.name}`
    )
  );
  assert.deepEqual(undocumented, []);
});
