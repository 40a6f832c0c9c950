import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { WAREHOUSE_PROJECT } from "../../../../pipelines/steps/transform.ts";
import { anchorOf, lineageOf } from "../../../../pipelines/commands/model_docs/graph.tsx";
import { warehousePage } from "../../../../pipelines/commands/model_docs/page.tsx";
import { salesProject, withProject } from "../../../lib/warehouse/small_project.ts";

Deno.test("the page has a box, an edge for each reading, and a section with columns and tests", async () => {
  const project = await loadSqlProject(WAREHOUSE_PROJECT);
  const page = warehousePage(project);
  const nodes = [...lineageOf(project).values()];
  assert.equal(page.match(/<rect /g)!.length, project.models.length + project.sources.length);
  assert.equal(page.match(/class="edge"/g)!.length, nodes.reduce((sum, { reads }) => sum + reads.length, 0));
  for (const { name } of nodes) assert.ok(page.includes(`id="${anchorOf(name)}"`), name);
  assert.match(page, /relationships → dim_customers/);
  assert.match(page, /href="#raw-orders"/);
});

Deno.test("lineage runs from source tables through models, both ways", async () => {
  const lineage = lineageOf(await loadSqlProject(WAREHOUSE_PROJECT));
  assert.ok(lineage.get("raw.orders")!.readBy.length > 0);
  for (const { name, reads } of lineage.values()) {
    for (const read of reads) {
      assert.ok(lineage.get(read)!.readBy.includes(name), `${read} is read by ${name}`);
    }
  }
});

Deno.test("the page loads nothing, runs nothing, and shows what a file says as text", () =>
  withProject(
    salesProject(
      "select 1 as id, '<script>alert(1)</script>' as t",
      "    description: '<b>bold</b> `code`'\n",
    ),
    async ({ folder }) => {
      const page = warehousePage(await loadSqlProject(folder));
      assert.doesNotMatch(page, /<script|<b>|src=|url\(|@import|<link/);
      assert.match(page, /&lt;b&gt;bold&lt;\/b&gt; <code[^>]*>code<\/code>/);
    },
  ));
