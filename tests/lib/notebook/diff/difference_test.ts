import assert from "node:assert/strict";
import fc from "fast-check";
import type { LineChange } from "../../../../lib/notebook/diff/difference.ts";
import { compareNotebooks, differencePage, differenceText } from "shopflow/notebook/diff/mod.ts";
import { code, notebookOf, printed, prose, shown } from "./cells.ts";

const before = notebookOf(
  prose("title", "# Churn"),
  code("imports", `import { openShop } from "shopflow/notebook/kernel.ts";`),
  code("query", "const rows = 10;\nconst shop = await openShop();\nconst kept = shop.table('orders');"),
  code("gone", "console.log('to be removed');"),
  code("old-id", "const percent = (share) => `${(share * 100).toFixed(1)} %`;\npercent(0.5)"),
  prose("end", "The end."),
);
const after = notebookOf(
  prose("title", "# Churn"),
  prose("end", "The end."),
  code("imports", `import { openShop } from "shopflow/notebook/kernel.ts";`),
  code("query", "const rows = 20;\nconst shop = await openShop();\nconst kept = shop.table('orders');"),
  code("new-id", "const percent = (share) => `${(share * 100).toFixed(2)} %`;\npercent(0.5)"),
  code("new", "1 + 1"),
);

Deno.test("cells are matched by id, then by their words; removed, added and moved ones are told apart", () => {
  const { cells, same } = compareNotebooks(before, after);
  assert.deepEqual(cells.map(({ change, id, moved, matchedBy }) => [change, id, moved, matchedBy]), [
    ["changed", "end", true, "id"],
    ["changed", "query", false, "id"],
    ["removed", "gone", false, undefined],
    ["changed", "new-id", false, "similarity"],
    ["added", "new", false, undefined],
  ]);
  assert.equal(same, 2);
});

Deno.test("a changed line is shown with the words that changed in it", () => {
  const { source } = compareNotebooks(before, after).cells.find(({ id }) => id === "query")!;
  const marked = source.map(({ kind, segments }) =>
    `${kind} ${segments.map(({ text, changed }) => changed ? `[${text}]` : text).join("")}`
  );
  assert.deepEqual(marked, [
    "removed const rows = [10];",
    "added const rows = [20];",
    "same const shop = await openShop();",
    "same const kept = shop.table('orders');",
  ]);
});

Deno.test("outputs are compared by stream, error and representation; counts, times and interleaving are none", () => {
  const run = (text: string, chart: string) =>
    notebookOf(code("a", "plot()", [
      shown({ "image/svg+xml": chart, "text/plain": "chart" }),
      printed(text.slice(0, 3)),
      printed(text.slice(3)),
    ]));
  const once = run("10 days\n", "<svg/>");
  const other = code("a", "plot()", [
    printed("10 days\n"),
    shown({ "text/plain": "chart", "image/svg+xml": "<svg/>" }, 7),
  ]);
  other.metadata = { shopflow: { startedAt: "2024-01-01", milliseconds: 3 }, scrolled: true };
  assert.deepEqual(compareNotebooks(once, notebookOf({ ...other, execution_count: 7 })).cells, []);

  const [changed] = compareNotebooks(once, run("11 days\n", "<svg></svg>")).cells;
  assert.deepEqual(changed!.outputs.map(({ name, mimes }) => [name, mimes]), [
    ["stdout", []],
    ["output 1", ["image/svg+xml"]],
  ]);
});

Deno.test("of metadata, tags and the parameters and inputs of a run are compared, not its time or id", () => {
  const record = {
    notebook: "a",
    notebookSha256: "0",
    runId: "1",
    status: "succeeded",
    parameters: { top: 5 },
    startedAt: "2024-01-01",
    milliseconds: 3,
    lineage: [{ kind: "snapshot", name: "lake", version: "s1" }],
  };
  const run = (changes: Partial<typeof record>, tags: string[]) => {
    const notebook = notebookOf(code("a", "1", [], tags));
    return { ...notebook, metadata: { ...notebook.metadata, shopflow: { ...record, ...changes } } };
  };
  const one = run({}, []);
  assert.deepEqual(
    compareNotebooks(one, run({ runId: "2", startedAt: "2024", milliseconds: 9 }, [])).metadata,
    [],
  );
  const difference = compareNotebooks(
    one,
    run({ parameters: { top: 9 }, lineage: [{ kind: "snapshot", name: "lake", version: "s2" }] }, [
      "promote",
    ]),
  );
  assert.deepEqual(difference.metadata, [
    { path: "run.lineage.snapshot lake", before: "s1", after: "s2" },
    { path: "run.parameters.top", before: 5, after: 9 },
  ]);
  assert.deepEqual(difference.cells[0]!.metadata, [{ path: "tags", before: [], after: ["promote"] }]);
});

Deno.test("a picture in prose that was replaced is a difference, told by its hash", () => {
  const withPicture = (data: string) =>
    notebookOf({ ...prose("a", "![](attachment:a.png)"), attachments: { "a.png": { "image/png": data } } });
  const [cell] = compareNotebooks(withPicture("AAAA"), withPicture("BBBB")).cells;
  assert.equal(cell!.metadata[0]!.path, "attachments.a.png");
  assert.match(String(cell!.metadata[0]!.after), /^[0-9a-f]{12}$/);
});

Deno.test("against a notebook without outputs, outputs are not compared, and it is said so", () => {
  const difference = compareNotebooks(notebookOf(code("a", "1")), notebookOf(code("a", "1", [printed("x")])));
  assert.deepEqual(difference.cells, []);
  assert.match(differenceText(difference, { before: "a", after: "b" }), /outputs not compared/);
});

Deno.test("only the wanted parts are compared", () => {
  const one = notebookOf(code("a", "1", [printed("x")]));
  const other = notebookOf(code("a", "2", [printed("y")], ["t"]));
  const [cell] = compareNotebooks(one, other, { parts: ["outputs"] }).cells;
  assert.deepEqual([cell!.source, cell!.metadata, cell!.outputs.length], [[], [], 1]);
});

Deno.test("the text has colours for a terminal only, and reads the same without them", () => {
  const difference = compareNotebooks(before, after);
  const names = { before: "a.ipynb", after: "b.ipynb" };
  const plain = differenceText(difference, names);
  const coloured = differenceText(difference, names, { colour: true });
  assert.match(plain, /^~ code query$/m);
  assert.match(plain, /^ {2}- const rows = 10;\n {2}\+ const rows = 20;$/m);
  assert.ok(coloured.includes("\x1b[31m"));
  // deno-lint-ignore no-control-regex -- terminal colours are control characters
  assert.equal(coloured.replaceAll(/\x1b\[\d+m/g, ""), plain);
});

Deno.test("the page shows what the text shows, loads nothing, and runs nothing that a notebook holds", () => {
  const attack = `<script>alert(1)</script><img src=x onerror="alert(1)">`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`;
  const one = notebookOf(code("a", `x`, [shown({ "image/svg+xml": svg, "text/html": "<b>" })]));
  const other = notebookOf(code("a", attack, [shown({ "image/svg+xml": svg + " ", "text/html": attack })]));
  const page = differencePage(compareNotebooks(one, other), { before: attack, after: "b" });
  assert.doesNotMatch(page, /<script|<img src=x|https?:\/\/(?!www\.w3\.org)/);
  assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
  assert.match(page, /&lt;script&gt;alert\(1\)/);
  assert.equal(page.match(/<img alt="(before|after)" src="data:image\/svg\+xml,/g)?.length, 2);
});

Deno.test("whatever two texts are, the lines of the difference give both back", () => {
  const line = fc.constantFrom("", "a", "a b", "let x = 1;", "let x = 2;", "é🙂", "  }");
  const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join("\n"));
  const side = (changes: LineChange[], other: LineChange["kind"]) =>
    changes.filter(({ kind }) => kind !== other)
      .map(({ segments }) => segments.map(({ text }) => text).join("")).join("\n");
  fc.assert(fc.property(text, text, (one, other) => {
    const { cells } = compareNotebooks(notebookOf(code("a", one)), notebookOf(code("a", other)));
    if (one === other) return assert.deepEqual(cells, []);
    const ended = (value: string) => value.replace(/\n$/, "");
    assert.equal(side(cells[0]!.source, "added"), ended(one));
    assert.equal(side(cells[0]!.source, "removed"), ended(other));
  }));
});

Deno.test("texts that have nothing in common are compared in bounded time", () => {
  const numbers = (start: number) => Array.from({ length: 20_000 }, (_, i) => `${start + i}`).join("\n");
  const { cells } = compareNotebooks(notebookOf(code("a", numbers(0))), notebookOf(code("a", numbers(1e6))));
  assert.equal(cells[0]!.source.length, 40_000);
});
