import assert from "node:assert/strict";
import { replacePart } from "./report.ts";

const order = ["first", "second"];

Deno.test("a part of the benchmarks' report replaces its earlier version, in the order of the parts", () => {
  const second = replacePart("", "second", "## Second\n\n2 s", { order });
  const both = replacePart(second, "first", "## First\n\n1 s\n", { order });
  assert.ok(both.startsWith("# Benchmarks\n"));
  assert.ok(both.indexOf("## First") < both.indexOf("## Second"));
  const again = replacePart(both, "second", "## Second\n\n3 s", { order });
  assert.ok(again.includes("1 s") && again.includes("3 s") && !again.includes("2 s"));
  assert.equal(replacePart(again, "second", "## Second\n\n3 s", { order }), again);
});
