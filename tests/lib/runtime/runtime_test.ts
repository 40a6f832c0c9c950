import { codeVersion, createRandom } from "shopflow/runtime/mod.ts";
import { createProgress } from "../../../lib/runtime/runtime.ts";
import assert from "node:assert/strict";
import { join } from "node:path";

Deno.test("a random stream is repeatable, and its seed and name matter", () => {
  const draw = (seed: number, stream?: string) => Array.from({ length: 5 }, createRandom(seed, stream));
  assert.deepEqual(draw(1, "orders"), draw(1, "orders"));
  assert.notDeepEqual(draw(1, "orders"), draw(2, "orders"));
  assert.notDeepEqual(draw(1, "orders"), draw(1, "events"));
});

Deno.test("random numbers are uniform in [0, 1)", () => {
  const random = createRandom(7);
  const bins = new Array<number>(10).fill(0);
  for (let i = 0; i < 100_000; i++) {
    const value = random();
    assert.ok(value >= 0 && value < 1);
    bins[Math.floor(value * 10)]!++;
  }
  // 10,000 expected in each, standard deviation 95.
  for (const count of bins) assert.ok(Math.abs(count - 10_000) < 500, `a bin has ${count}`);
});

Deno.test("where output is not a terminal, a step leaves one line with its summary", () => {
  const lines: string[] = [];
  const bar = createProgress(false, (line) => lines.push(line)).start("orders", 100, "rows");
  bar.update(50);
  bar.finish("100 rows");
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^ {2}orders +\d+\.\d s {2}100 rows$/);
});

Deno.test("the code version changes with contents and names of files, not with their times", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "a.sql"), "SELECT 1");
    const first = await codeVersion([folder]);
    await Deno.utime(join(folder, "a.sql"), 0, 0);
    assert.equal(await codeVersion([folder]), first);
    await Deno.writeTextFile(join(folder, "a.sql"), "SELECT 2");
    const second = await codeVersion([folder]);
    assert.notEqual(second, first);
    await Deno.rename(join(folder, "a.sql"), join(folder, "b.sql"));
    assert.notEqual(await codeVersion([folder]), second);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
