import assert from "node:assert/strict";
import { openRunLog } from "../../../lib/jobs/execution/run_log.ts";
import { createMemoryStore } from "../../../schedules/simulated_week/simulate_week.ts";
import { createLogTails } from "../../../server/state/run_log.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { until } from "../../fixtures/process_state.ts";
import { openAt } from "../../lib/jobs/alerts/hourly_job.ts";

Deno.test("the page of a run that goes on says so when its log is too long to be shown on, and the end when it ended", async () => {
  const now = () => new Date("2024-10-02T09:00:00.000Z");
  const store = createMemoryStore("memory", now);
  const tails = createLogTails(store, { log: createLogger(() => {}) }, 0);
  const run = openAt("09:00", { attempts: [{ number: 1, owner: "host:1", startedAt: now().toISOString() }] });
  const log = openRunLog(store, { ...run, attempt: 1 }, { now, flushMs: 1, maxBytes: 4000, tailBytes: 1000 });
  for (let i = 0; i < 500; i++) log.write(`line ${i}`);
  await until(async () => (await tails.of(run)).lines.at(-1)?.startsWith("…") === true);
  assert.equal(
    (await tails.of(run)).lines.at(-1),
    "… more than 3.91 KiB: the last lines follow when the run ends …",
  );
  await log.close();
  const { lines } = await tails.of({ ...run, status: "failed", endedAt: now().toISOString() });
  assert.match(lines.at(-1)!, / line 499$/);
});
