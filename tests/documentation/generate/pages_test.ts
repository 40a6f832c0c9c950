import { KNOWN } from "../../../lib/config/config.ts";
import { MODELS } from "shopflow/models/mod.ts";
import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { referencePages } from "../../../documentation/generate/main.ts";
import { WAREHOUSE_PROJECT } from "../../../pipelines/steps/transform.ts";

const REFERENCE = join(import.meta.dirname!, "..", "..", "..", "documentation", "reference");

Deno.test("the generated reference pages are what the code says", async () => {
  const pages = await referencePages();
  assert.ok(pages.size >= 6);
  const stale: string[] = [];
  for (const [name, text] of pages) {
    const written = await Deno.readTextFile(join(REFERENCE, name)).catch(() => "");
    if (written.replaceAll("\r\n", "\n") !== text) stale.push(name);
  }
  assert.deepEqual(stale, [], "run `deno task docs:reference`");
});

Deno.test("the reference lists every setting", async () => {
  const page = await Deno.readTextFile(join(REFERENCE, "settings.md"));
  const listed = [...page.matchAll(/^\| `(SHOPFLOW_\w+)`/gm)].map(([, name = ""]) => name);
  assert.deepEqual(listed.toSorted(), KNOWN.toSorted());
});

Deno.test("every column of a score table has a meaning", () => {
  const unexplained = MODELS.flatMap(({ scoreTable: { name, columns } }) =>
    columns.filter(([, , meaning]) => !meaning).map(([column]) => `${name}.${column}`)
  );
  assert.deepEqual(unexplained, []);
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
