import assert from "node:assert/strict";
import { createLogger } from "shopflow/runtime/mod.ts";
import { createConnectionReport } from "../../../server/connections/connection_report.ts";

Deno.test("what is cut is warned of at most once a minute, however much it is, and all of it in the end", async () => {
  const log: string[] = [];
  let now = 0;
  const report = createConnectionReport(createLogger((line) => log.push(line)), () => now);
  report.warn();
  assert.deepEqual(log, []);
  for (; now < 119_000; now += 100) {
    report.cut(now % 200 === 0 ? "made_room" : "header_deadline");
    report.warn();
  }
  assert.equal(log.length, 2);
  now = 120_000;
  report.warn();
  now = 180_000;
  report.warn();
  assert.equal(log.length, 3);
  const total = log.join().match(/\d+ (?=idle|sent)/g)!.reduce((sum, count) => sum + Number(count), 0);
  assert.equal(total, 1190);
  assert.match(await report.metrics(), /\{reason="made_room"\} 595\n/);
});
