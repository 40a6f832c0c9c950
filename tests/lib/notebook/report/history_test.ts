import assert from "node:assert/strict";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { formatNotebook } from "shopflow/notebook/mod.ts";
import { compareRunOutputs, publishReport } from "shopflow/notebook/report/mod.ts";
import type { Cell, Output } from "../../../../lib/notebook/format/nbformat.ts";
import { executedNotebook, proseCell, shownCell } from "../../../fixtures/executed_notebook.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

const printed = (id: string, ...texts: string[]): Cell => ({
  cell_type: "code",
  id,
  metadata: {},
  source: "print()",
  execution_count: 1,
  outputs: texts.map((text): Output => ({ output_type: "stream", name: "stdout", text })),
});

Deno.test("runs differ by what cells show, not by how a kernel cuts it; a cell that is gone shows something else", async () => {
  await withTemporaryFolder(async (folder) => {
    const store = createDirectoryStore(folder);
    const runs = {
      r1: [
        printed("log", "1\n", "2\n"),
        shownCell("json", { "application/json": { a: 1, b: 2 } }),
        proseCell("## Costs"),
        shownCell("gone", { "text/plain": "7" }),
        shownCell("other", { "text/plain": "1" }),
      ],
      r2: [
        printed("log", "1\n2\n"),
        shownCell("json", { "application/json": { b: 2, a: 1 } }),
        proseCell("## Sales"),
        shownCell("other", { "text/plain": "2" }),
      ],
    };
    for (const [runId, cells] of Object.entries(runs)) {
      const notebook = executedNotebook(cells, { notebook: "churn", runId });
      const text = new TextEncoder().encode(formatNotebook(notebook));
      await store.put(`runs/notebooks/churn/${runId}.ipynb`, text);
      const page = { title: "Churn", summary: "", html: "", scripts: [] };
      await publishReport(store, { record: notebook.metadata.shopflow, page, inputs: runId });
    }
    assert.deepEqual(await compareRunOutputs(store, "churn", ["r1", "r2"]), {
      compared: 4,
      different: [{ cellId: "other", section: "Sales" }, { cellId: "gone", section: "Costs" }],
    });
  });
});
