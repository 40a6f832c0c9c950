import assert from "node:assert/strict";
import type { Output } from "../../../../lib/notebook/format/nbformat.ts";
import { OutputCollector, type OutputLimits } from "../../../../lib/notebook/kernel/outputs.ts";

type Message = [type: string, content: Record<string, unknown>];

const collect = (...messages: Message[]) => collectWithin({}, ...messages);

function collectWithin(limits: OutputLimits, ...messages: Message[]): Output[] {
  const collector = new OutputCollector(limits);
  const outputs: Output[] = [];
  for (const [type, content] of messages) collector.add(outputs, type, content);
  return outputs;
}
const display = (text: string, id?: string): [string, Record<string, unknown>] => [
  "display_data",
  { data: { "text/plain": text }, metadata: {}, transient: id ? { display_id: id } : {} },
];

Deno.test("pieces of one stream are joined, the other stream begins a new output", () => {
  const outputs = collect(
    ["stream", { name: "stdout", text: "a" }],
    ["stream", { name: "stdout", text: "b\n" }],
    ["stream", { name: "stderr", text: "c" }],
  );
  assert.deepEqual(outputs.map((output) => "text" in output && output.text), ["ab\n", "c"]);
});

Deno.test("update_display_data changes what was displayed under its id, nothing else", () => {
  const outputs = collect(
    display("first", "x"),
    display("second"),
    ["update_display_data", { data: { "text/plain": "new" }, metadata: {}, transient: { display_id: "x" } }],
  );
  assert.deepEqual(outputs.map((output) => "data" in output && output.data["text/plain"]), ["new", "second"]);
});

Deno.test("clear_output clears at once, or with wait when the next output comes", () => {
  assert.deepEqual(collect(display("a"), ["clear_output", { wait: false }]), []);
  assert.equal(collect(display("a"), ["clear_output", { wait: true }]).length, 1);
  const replaced = collect(display("a"), ["clear_output", { wait: true }], display("b"));
  assert.deepEqual(replaced.map((output) => "data" in output && output.data["text/plain"]), ["b"]);
});

Deno.test("output beyond the limit of a cell is left out and the cell says so once", () => {
  const outputs = collectWithin({ cell: 25 }, display("ten letter"), display("ten letter"), ["stream", {
    name: "stdout",
    text: "after",
  }]);
  assert.equal(outputs.length, 1);
  assert.match((outputs[0] as { text: string }).text, /left out: the cell has more than 25 characters/);
});

Deno.test("of a stream that is too long the beginning is kept", () => {
  const outputs = collectWithin({ cell: 5 }, ["stream", { name: "stdout", text: "abc" }], ["stream", {
    name: "stdout",
    text: "defghi",
  }], ["stream", { name: "stdout", text: "j" }]);
  assert.deepEqual(outputs.map((output) => "text" in output && output.text.slice(0, 8)), [
    "abcde",
    "\nFurther",
  ]);
});

const update = (text: string): Message => [
  "update_display_data",
  { data: { "text/plain": text }, metadata: {}, transient: { display_id: "x" } },
];

Deno.test("an update beyond the limit leaves what was shown, and the cell says so once", () => {
  const outputs = collectWithin(
    { cell: 40 },
    display("small", "x"),
    update("y".repeat(50)),
    update("y".repeat(60)),
    update("other"),
  );
  assert.deepEqual(outputs.map((output) => "data" in output ? output.data["text/plain"] : "text"), [
    "other",
    "text",
  ]);
  assert.match(JSON.stringify(outputs), /left out: the cell has more than 40 characters/);
});

Deno.test("what updates replace does not count", () => {
  const outputs = collectWithin({ cell: 30 }, display("aaaa", "x"), ...Array(10).fill(update("bbbb")));
  assert.deepEqual(outputs.map((output) => "data" in output && output.data["text/plain"]), ["bbbb"]);
});

Deno.test("of an error that quotes all of its data the beginning is kept, and its length", () => {
  const text = "e".repeat(1_000_000);
  const [error] = collect(["error", { ename: "Error", evalue: text, traceback: [text, text] }]);
  assert.ok(error?.output_type === "error");
  assert.match(error.evalue, /^e{10000} … \(1,000,000 characters in all\)$/);
  assert.equal(error.traceback.length, 1);
  assert.match(error.traceback[0]!, /^e{100000} … \(2,000,001 characters in all\)$/);
});

Deno.test("all cells of a notebook share a limit, errors are always kept", () => {
  const collector = new OutputCollector({ notebook: 5 });
  const cells: Output[][] = [[], [], []];
  for (const outputs of cells) collector.add(outputs, "stream", { name: "stdout", text: "abcd" });
  collector.add(cells[2]!, "error", { ename: "E", evalue: "e", traceback: [] });
  assert.deepEqual(cells.map((outputs) => outputs.map(({ output_type }) => output_type)), [
    ["stream"],
    ["stream", "stream"],
    ["stream", "error"],
  ]);
  assert.match(JSON.stringify(cells[2]), /the notebook has more than 5 characters/);
});

Deno.test("what is cleared does not count", () => {
  const progress = Array.from(
    { length: 10 },
    (): [string, Record<string, unknown>][] => [["clear_output", { wait: true }], ["stream", {
      name: "stdout",
      text: "abcd",
    }]],
  );
  const outputs = collectWithin({ cell: 5 }, ...progress.flat());
  assert.deepEqual(outputs, [{ output_type: "stream", name: "stdout", text: "abcd" }]);
});
