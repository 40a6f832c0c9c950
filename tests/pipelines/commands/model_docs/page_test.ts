import { loadSqlProject } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { WAREHOUSE_PROJECT } from "../../../../pipelines/steps/transform.ts";
import { anchorOf, lineageOf } from "../../../../pipelines/commands/model_docs/graph.tsx";
import { warehousePage } from "../../../../pipelines/commands/model_docs/page.tsx";
import { launchChromium } from "../../../browser/launch_chromium.ts";
import { salesProject, withProject } from "../../../lib/warehouse/small_project.ts";
import { testWith } from "../../../requirements.ts";

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

testWith(
  ["chromium"],
  "in a browser the page fits a phone, and a box of the graph leads to its model",
  async () => {
    const file = await Deno.makeTempFile({ suffix: ".html" });
    const browser = await launchChromium();
    try {
      await Deno.writeTextFile(file, warehousePage(await loadSqlProject(WAREHOUSE_PROJECT)));
      for (const width of [320, 1280]) {
        const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme: "dark" });
        const requests: string[] = [];
        page.on("request", (request) => void requests.push(request.url()));
        await page.goto(`file://${file}`);
        assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
        await page.locator(".graph a[href='#fact_orders']").click();
        assert.ok(await page.locator("#fact_orders h3").isVisible());
        assert.match(page.url(), /#fact_orders$/);
        assert.deepEqual(requests.filter((url) => !url.startsWith("file:")), []);
        await page.close();
      }
    } finally {
      await browser.close();
      await Deno.remove(file);
    }
  },
);
