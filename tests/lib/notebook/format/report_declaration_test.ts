import assert from "node:assert/strict";
import { declaresReport, parseNotebook, readParameters, readReport } from "shopflow/notebook/mod.ts";
import { declaredIn } from "../../../../lib/notebook/format/report_declaration.ts";

/** A notebook with three parameters that declares this of its report. */
function notebookWith(report?: unknown, kernel = "deno") {
  const parameters = `const as_of = "2024-09-01";\nconst back = "pinned";\nconst top = 5;`;
  const code = { cell_type: "code", execution_count: null, outputs: [] };
  return parseNotebook(
    JSON.stringify({
      cells: [
        { ...code, id: "p", metadata: { tags: ["parameters"] }, source: parameters },
        { ...code, id: "setup", metadata: { tags: ["plumbing"] }, source: "1" },
      ],
      metadata: { kernelspec: { name: kernel, display_name: kernel }, shopflow: { report } },
      nbformat: 4,
      nbformat_minor: 5,
    }),
    "churn.ipynb",
  );
}

function read(report: unknown, kernel?: string) {
  const notebook = notebookWith(report, kernel);
  return readReport(notebook, readParameters(notebook), "churn.ipynb");
}

Deno.test("a notebook is a report when it declares one, be it empty", () => {
  assert.deepEqual([undefined, {}, { title: "T" }].map((report) => declaresReport(notebookWith(report))), [
    false,
    true,
    true,
  ]);
  assert.equal(read(undefined), undefined);
  assert.deepEqual(read({}), { tags: [], parameters: {}, rules: {}, hiddenCells: [] });
});

Deno.test("all that is declared is read", () => {
  const report = read({
    title: " Customers who lapse ",
    summary: "Who stops buying.",
    tags: ["customers"],
    owner: "marketing",
    audience: "the board",
    parameters: { top: 10 },
    as_of: { as_of: "latest", back: "outcomes_known - 7 days" },
    hide_cells: ["setup", "parameters"],
  });
  const { rules, ...rest } = report!;
  assert.deepEqual(rest, {
    title: "Customers who lapse",
    summary: "Who stops buying.",
    owner: "marketing",
    audience: "the board",
    tags: ["customers"],
    parameters: { top: 10 },
    hiddenCells: ["setup", "parameters"],
  });
  assert.deepEqual(Object.entries(rules).map(([name, { rule }]) => [name, rule]), [
    ["as_of", "latest"],
    ["back", "outcomes_known - 7 days"],
  ]);
  assert.deepEqual(Object.keys(read({ as_of: "latest" })!.rules), ["as_of"], "one rule is that of as_of");
});

Deno.test("an invalid declaration is refused with the notebook's name, the place and what is right", () => {
  const wrong: [report: unknown, message: RegExp][] = [
    [{ as_of: "yesterday" }, /unknown rule for the parameter as_of.*latest or outcomes_known.*"yesterday"/],
    [{ as_of: { asof: "latest" } }, /parameter asof, which it does not declare.*one of as_of, back, top/],
    [{ as_of: { top: "latest" } }, /parameter top, which cannot hold a date.*top: number = 5/],
    [{ as_of: { as_of: 5 } }, /invalid shopflow\.report\.as_of.*a rule, e\.g\. "latest"/],
    [{ as_of: ["as_of"] }, /invalid shopflow\.report\.as_of/],
    [{ parameters: { topp: 5 } }, /a value for the parameter topp, which it does not declare/],
    [{ parameters: { top: "5" } }, /parameter top has another type.*"5" \(string\)/],
    [{ parameters: { top: [5] } }, /invalid shopflow\.report\.parameters\.top/],
    [
      { parameters: { as_of: "2024-01-01" }, as_of: "latest" },
      /declares the parameter as_of of its report twice/,
    ],
    [
      { hide_cells: ["set-up"] },
      /does not have.*the id of a cell \(p, setup\) or a tag \(parameters, plumbing\)/,
    ],
    [{ titel: "T" }, /no other fields than title, summary, tags, owner.*titel/],
    [{ title: "" }, /invalid shopflow\.report\.title.*a line of text.*is empty/],
    [{ tags: "customers" }, /invalid shopflow\.report\.tags.*a list of words/],
    ["latest", /invalid shopflow\.report /],
    [null, /invalid shopflow\.report /],
  ];
  for (const [report, message] of wrong) {
    assert.throws(() => read(report), (error: Error) => {
      assert.equal(error.name, "NotebookError");
      assert.match(error.message, message);
      return true;
    }, JSON.stringify(report));
  }
  assert.throws(() => read({ as_of: "latest" }, "python3"), /notebook for the Deno kernel/);
});

Deno.test("of a record from elsewhere an invalid declaration is none", () => {
  assert.deepEqual(declaredIn({ titel: "T" }), {});
  assert.deepEqual(declaredIn({ title: "T" }), { title: "T" });
});
