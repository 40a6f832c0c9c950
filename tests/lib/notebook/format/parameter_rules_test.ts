import assert from "node:assert/strict";
import { fillParameters, parseNotebook, readParameters, readReport } from "shopflow/notebook/mod.ts";
import type { Notebook } from "../../../../lib/notebook/format/nbformat.ts";
import { rerunNotebook, runNotebook } from "shopflow/notebook/run/mod.ts";
import { join } from "node:path";
import { withLake } from "../run_context.ts";
import { writeNotebook } from "../write_notebook.ts";

const PARAMETERS = ['const as_of = "2024-09-01"; // lists', "const back = 'pinned';", "const top = 5;"];

/** A notebook that declares this of its report. */
async function writeDeclared(path: string, report: unknown): Promise<string> {
  await writeNotebook(path, [PARAMETERS.join("\n"), "[as_of, back, top].join()"]);
  const file = JSON.parse(await Deno.readTextFile(path));
  file.cells[0].metadata.tags = ["parameters"];
  file.metadata.shopflow = { report };
  await Deno.writeTextFile(path, JSON.stringify(file));
  return path;
}

function rulesOf(report: unknown, kernel = "deno") {
  const source = JSON.stringify({
    cells: [{
      cell_type: "code",
      id: "p",
      metadata: { tags: ["parameters"] },
      source: PARAMETERS,
      execution_count: null,
      outputs: [],
    }],
    metadata: { kernelspec: { name: kernel, display_name: kernel }, shopflow: { report } },
    nbformat: 4,
    nbformat_minor: 5,
  }).replaceAll('","const', '\\n","const');
  const notebook: Notebook = parseNotebook(source, "churn.ipynb");
  return readReport(notebook, readParameters(notebook), "churn.ipynb")?.rules ?? {};
}

Deno.test("a notebook without a declaration has no rules", () => {
  for (const report of [undefined, {}, { as_of: {} }]) assert.deepEqual(rulesOf(report), {});
});

Deno.test("rules are filled from the last sale; a shop without sales is an error, not an empty date", () => {
  const rules = rulesOf({ as_of: { as_of: "latest", back: "outcomes_known - 1 day" } });
  const filled = fillParameters(rules, { snapshot: "s1", day: "2024-10-28" });
  assert.deepEqual(filled, {
    values: { as_of: "2024-10-29", back: "2024-07-30" },
    rules: { as_of: "latest", back: "outcomes_known - 1 day" },
    snapshot: "s1",
  });
  assert.throws(
    () => fillParameters(rules, { snapshot: "s1" }, "churn.ipynb"),
    /as_of of churn\.ipynb cannot be filled by the rule latest: expected sales/,
  );
});

Deno.test("a run fills its rules, -p comes before them, and a repeated run keeps both", async () => {
  await withLake(async (context, folder) => {
    const path = await writeDeclared(join(folder, "declared.ipynb"), {
      as_of: { as_of: "latest", back: "outcomes_known" },
      parameters: { top: 7 },
    });
    const run = await runNotebook(path, context, { check: false, assignments: ["back=2024-08-01"] });
    assert.deepEqual(run.record.parameters, { as_of: "2024-10-29", back: "2024-08-01", top: 7 });
    assert.deepEqual(run.record.parameterRules, { as_of: "latest" });
    assert.match(JSON.stringify(run.notebook.cells.at(-1)), /2024-10-29,2024-08-01,7/);
    const again = await rerunNotebook(run.record.runId, context, { check: false });
    assert.deepEqual(again.differences, []);
    assert.deepEqual(again.record.parameterRules, { as_of: "latest" });
    assert.deepEqual(again.record.report, run.record.report);
  });
});

Deno.test("a rule that is invalid leaves a failed run that says so", async () => {
  await withLake(async (context, folder) => {
    const path = await writeDeclared(join(folder, "declared.ipynb"), { as_of: "soon" });
    await assert.rejects(
      runNotebook(path, context),
      /declared\.ipynb has an unknown rule for the parameter as_of/,
    );
    assert.equal((await context.store.list("runs/")).length, 1);
  });
});
