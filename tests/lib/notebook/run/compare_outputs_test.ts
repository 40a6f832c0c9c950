import assert from "node:assert/strict";
import { compareOutputs } from "../../../../lib/notebook/run/rerun.ts";
import type { Notebook, Output } from "../../../../lib/notebook/format/nbformat.ts";

const notebookOf = (...cells: Output[][]): Notebook => ({
  cells: cells.map((outputs, i) => ({
    cell_type: "code",
    id: `cell-${i}`,
    metadata: {},
    source: "code",
    execution_count: i,
    outputs,
  })),
  metadata: { kernelspec: { name: "deno", display_name: "Deno" } },
  nbformat: 4,
  nbformat_minor: 5,
});
const stream = (text: string): Output => ({ output_type: "stream", name: "stdout", text });
const display = (value: string): Output => ({
  output_type: "display_data",
  data: { "text/plain": value, "text/html": "<p>" },
  metadata: {},
});
const failure = (evalue: string, line: number): Output => ({
  output_type: "error",
  ename: "TypeError",
  evalue,
  traceback: [`at ${line}`],
});

Deno.test("the same outputs are equal, wherever streams come between them and whatever the traceback", () => {
  const before = notebookOf([stream("a"), display("1"), stream("b"), display("2")], [failure("no", 1)]);
  const after = notebookOf([display("1"), display("2"), stream("ab")], [failure("no", 2)]);
  assert.deepEqual(compareOutputs(before, after), []);
});

Deno.test("a cell that differs is named with what differs in it", () => {
  const before = notebookOf([display("1"), display("2")], [stream("a")], [], [failure("no", 1)]);
  const after = notebookOf([display("2"), display("1")], [stream("A")], [stream("")], [failure("yes", 1)]);
  assert.deepEqual(compareOutputs(before, after), [
    { cellId: "cell-0", cell: 1, parts: ["text/plain"] },
    { cellId: "cell-1", cell: 2, parts: ["stdout"] },
    { cellId: "cell-2", cell: 3, parts: ["stdout"] },
    { cellId: "cell-3", cell: 4, parts: ["error"] },
  ]);
});

Deno.test("a cell that only one run has is a difference", () => {
  const [one, two] = [notebookOf([]), notebookOf([], [])];
  const expected = [{ cellId: "cell-1", cell: 2, parts: ["cell"] }];
  assert.deepEqual(compareOutputs(one, two), expected);
  assert.deepEqual(compareOutputs(two, one), expected);
});
