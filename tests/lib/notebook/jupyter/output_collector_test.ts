import assert from "node:assert/strict";
import type { Output } from "shopflow/notebook/nbformat.ts";
import { OutputCollector } from "shopflow/notebook/jupyter/output_collector.ts";

function collect(...messages: [type: string, content: Record<string, unknown>][]): Output[] {
  const collector = new OutputCollector();
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

Deno.test("output beyond the limit is left out and the cell says so once", () => {
  const text = "x".repeat(9_000_000);
  const outputs = collect(display(text), display(text), display(text), display(text), ["stream", {
    name: "stdout",
    text: "after",
  }]);
  assert.equal(outputs.length, 3);
  assert.match((outputs[2] as { text: string }).text, /left out/);
});
