import assert from "node:assert/strict";
import { createLogger, type Progress } from "shopflow/runtime/mod.ts";
import { startCopyMeter } from "../../../lib/sources/progress.ts";

Deno.test("a copy tells rows, bytes, seconds and rows a second every ten seconds and at its end, and moves its bar", () => {
  const lines: string[] = [], bar: unknown[] = [];
  const progress: Progress = {
    start(label, total, unit) {
      bar.push([label, total, unit]);
      return { update: (done) => void bar.push(done), finish: (text) => void bar.push(text) };
    },
  };
  let now = 5_000;
  const meter = startCopyMeter(
    "orders",
    900_000,
    { log: createLogger((line) => lines.push(line)), progress },
    () => now,
  );
  for (let i = 1; i <= 5; i++) {
    now += 5_000;
    meter.add(100_000, 12_000_000);
  }
  assert.deepEqual(lines, [
    "  extract orders: 200,000 rows, 24.0 MB, 20,000 rows/s after 10 s",
    "  extract orders: 400,000 rows, 48.0 MB, 20,000 rows/s after 20 s",
  ]);
  meter.finish();
  assert.deepEqual(bar, [
    ["extract orders", 900_000, "rows"],
    ...[100_000, 200_000, 300_000, 400_000, 500_000],
    "500,000 rows, 60.0 MB, 20,000 rows/s",
  ]);
});
