import assert from "node:assert/strict";
import { NotebookError } from "shopflow/errors/mod.ts";
import type { CodeCell, Notebook } from "../../../../lib/notebook/format/nbformat.ts";
import { describeParameters, parseAssignments, readParameters, unreadLines } from "shopflow/notebook/mod.ts";
import { injectParameters } from "../../../../lib/notebook/format/parameters.ts";

function code(id: string, source: string, ...tags: string[]): CodeCell {
  return { cell_type: "code", id, metadata: { tags }, source, execution_count: null, outputs: [] };
}
const notebook = (parameters: string): Notebook => ({
  cells: [code("a", "1"), code("p", parameters, "parameters"), code("z", "as_of")],
  metadata: { kernelspec: { name: "deno", display_name: "Deno" } },
  nbformat: 4,
  nbformat_minor: 5,
});
const DECLARED = `
// Orders before
// this day
const as_of = "2024-09-01";
let limit: number = 1_000; // rows
const strict = false;
const shop = 'the "best"';`;

Deno.test("constants of the parameters cell are read with type, value and comment", () => {
  assert.deepEqual(readParameters(notebook(DECLARED)), [
    { name: "as_of", type: "string", value: "2024-09-01", description: "Orders before this day" },
    { name: "limit", type: "number", value: 1000, description: "rows" },
    { name: "strict", type: "boolean", value: false, description: "" },
    { name: "shop", type: "string", value: 'the "best"', description: "" },
  ]);
  assert.equal(
    describeParameters(readParameters(notebook(DECLARED)))[1],
    "limit: number = 1000  // rows",
  );
});

Deno.test("escapes in strings mean what they mean in TypeScript", () => {
  const literals = [
    String.raw`'it\'s "so"'`,
    String.raw`"it\'s \"so\""`,
    String.raw`'a\\"b\n\x41\u00e9\u{1F600}'`,
    "`plain`",
  ];
  for (const literal of literals) {
    const [text] = readParameters(notebook(`const text = ${literal};`));
    assert.equal(text?.value, new Function(`return ${literal}`)(), literal);
  }
});

Deno.test("a parameters cell in another style is left alone; only what it cannot be given is an error", () => {
  const other = notebook(`/* const hidden = 1; */
const now = new Date();
let regions = [
  "north",
];
const { rows, page } = { rows: 5, page: 1 };
function twice(x: number) {
  const result = 2 * x;
  return result;
}
const limit = 10;`);
  assert.deepEqual(readParameters(other).map(({ name }) => name), ["limit"]);
  assert.equal(unreadLines(other)[0], "const now = new Date();");
  assert.deepEqual(injectParameters(other, {}), other);
  assert.equal(injectParameters(other, { limit: 3 }).cells[2]?.source, "const limit = 3;");
  assert.throws(
    () => parseAssignments(readParameters(other), ["rows=6"], unreadLines(other)),
    /no such parameter: .*found rows. Only constants .* can be set. Write "const \{ rows, page \}/,
  );
});

Deno.test("what another kernel has for parameters is not read, and not replaced", () => {
  const python = notebook("as_of = '2024-09-01'");
  python.metadata.kernelspec = { name: "python3", display_name: "Python 3" };
  assert.deepEqual(readParameters(python), []);
  assert.throws(
    () => injectParameters(python, { as_of: "2024-10-01" }),
    /the kernel is not Deno's, found as_of/,
  );
});

Deno.test("of several cells tagged parameters the first counts, as for papermill", () => {
  const twice = notebook("const a = 1;");
  twice.cells.push(code("q", "const b = 1;", "parameters"));
  assert.deepEqual(readParameters(twice).map(({ name }) => name), ["a"]);
});

Deno.test("assignments are read as the declared types", () => {
  const declared = readParameters(notebook(DECLARED));
  assert.deepEqual(parseAssignments(declared, ["as_of=2024-01-31", "limit=5", "strict=true", "shop=a=b"]), {
    as_of: "2024-01-31",
    limit: 5,
    strict: true,
    shop: "a=b",
  });
});

Deno.test("unknown names and other types are refused with the list of what exists", () => {
  const declared = readParameters(notebook(DECLARED));
  assert.throws(
    () => parseAssignments(declared, ["as_off=1"]),
    /as_of \(string, "2024-09-01"\).*found as_off/,
  );
  assert.throws(() => parseAssignments(declared, ["limit=many"]), /limit \(number, 1000\).*found "many"/);
  assert.throws(() => parseAssignments(declared, ["strict=yes"]), NotebookError);
  assert.throws(() => parseAssignments(declared, ["as_of"]), /name=value/);
  assert.throws(() => injectParameters(notebook(DECLARED), { limit: "5" }), /"5" \(string\)/);
  assert.throws(() => parseAssignments([], ["a=1"]), /no cell is tagged parameters/);
});

Deno.test("injected parameters come after the parameters cell, and replace those of an earlier run", () => {
  const first = injectParameters(notebook(DECLARED), { as_of: 'a "quoted" day' });
  const second = injectParameters(first, { limit: 3 });
  assert.deepEqual(first.cells.map(({ id }) => id), ["a", "p", "injected-parameters", "z"]);
  assert.equal(first.cells[2]?.source, 'const as_of = "a \\"quoted\\" day";');
  assert.deepEqual(second.cells.map(({ id }) => id), ["a", "p", "injected-parameters", "z"]);
  assert.equal(second.cells[2]?.source, "const limit = 3;");
  assert.deepEqual(injectParameters(second, {}).cells.map(({ id }) => id), ["a", "p", "z"]);
});
