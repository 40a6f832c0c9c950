import assert from "node:assert/strict";
import { notebookText } from "shopflow/notebook/diff/mod.ts";
import { executedNotebook, proseCell } from "../../../fixtures/executed_notebook.ts";

Deno.test("`git diff` shows what a notebook declares of its report, and nothing of its runs", () => {
  const executed = executedNotebook([proseCell("# Sales")], {
    parameterRules: { as_of: "latest" },
    report: { parameters: { as_of: "latest" } },
  });
  assert.equal(
    notebookText(executed),
    'kernel: deno\nshopflow: {\n  "report": {\n    "parameters": {\n      "as_of": "latest"\n    }\n  }\n}\n\n' +
      "%% markdown prose\n# Sales\n",
  );
});
