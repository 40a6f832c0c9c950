import assert from "node:assert/strict";
import { join } from "node:path";
import { type MimeBundle, type Notebook, TABLE_MIME } from "../../lib/notebook/format/nbformat.ts";
import { readNotebook } from "shopflow/notebook/mod.ts";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { executeInJupyter } from "../lib/notebook/execute_in_jupyter.ts";
import { publishSmallLake } from "../lib/notebook/small_lake.ts";
import { withTemporaryFolder } from "../lib/notebook/temporary_folder.ts";
import { testWith } from "../requirements.ts";

const FIXTURE = new URL("../fixtures/notebooks/daily_orders.ipynb", import.meta.url).pathname;

testWith(["jupyter"], "a notebook runs in real Jupyter as it does in our own runner", async () => {
  await withTemporaryFolder(async (home) => {
    const lakeUrl = join(home, "lake");
    await Deno.mkdir(lakeUrl);
    const store = await publishSmallLake(lakeUrl);
    const executed = await readNotebook(await executeInJupyter(FIXTURE, home));

    const runtime = createRuntime({ log: createLogger(() => {}), progress: silentProgress });
    const ours = await runNotebook(FIXTURE, { store, config: { home, lakeUrl }, runtime });
    assert.equal(ours.record.status, "succeeded");
    const inJupyter = shown(executed), inOurs = shown(ours.notebook);
    const kept = Object.entries(inJupyter).filter(([, outputs]) => outputs.length > 0);
    assert.ok(kept.length > 0);
    assert.deepEqual(Object.fromEntries(kept), Object.fromEntries(kept.map(([id]) => [id, inOurs[id]])));
    assert.deepEqual(inOurs.chart, [
      {
        mimes: ["application/vnd.vegalite.v5+json", "image/svg+xml", "text/plain"],
        text: "chart: Revenue per day",
      },
    ]);
    const unexecuted = executed.cells.filter((cell) =>
      cell.cell_type === "code" && cell.execution_count === null
    );
    assert.deepEqual(unexecuted, []);
  });
});

/**
 * What each cell showed. Jupyter's client stops reading at the kernel's idle, before its last outputs, so a cell may
 * lack some there; those it has must be ours.
 */
function shown(notebook: Notebook): Record<string, { mimes: string[]; text: unknown }[]> {
  return Object.fromEntries(
    notebook.cells.filter((cell) => cell.cell_type === "code").map(({ id, outputs }) => [
      id,
      outputs.flatMap((output) =>
        "data" in output ? [{ mimes: mimesOf(output.data), text: output.data["text/plain"] }] : []
      ),
    ]),
  );
}

/** All rows of a table go to reports only: Jupyter limits its messages. */
const mimesOf = (data: MimeBundle) => Object.keys(data).filter((mime) => mime !== TABLE_MIME).sort();
