import { loadConfig } from "shopflow/config/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import type { Scheduler } from "shopflow/jobs/scheduler/mod.ts";
import { createAlerts, openChannels } from "shopflow/jobs/alerts/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import { HOUR, jobSet, MINUTE, withWorld, type World } from "../scheduler_fixture.ts";
import { withWebhook } from "./webhook_server.ts";

/** Two schedulers on one lake, each with alerts of its own; `titles` gives those so far. */
function withTwoSchedulers(
  job: Parameters<typeof jobSet>[0][number],
  body: (world: World & { rounds: () => Promise<void>; titles: () => Promise<string[]> }) => Promise<void>,
): Promise<void> {
  return withWebhook(({ url, posted }) =>
    withWorld(jobSet([job]), async (world) => {
      const now = () => new Date(world.clock.now);
      const channels = openChannels(
        loadConfig({ SHOPFLOW_ALERT_CHANNELS: `operations=${url}` }).alertChannels,
      );
      const runtime = { now, log: createLogger((line) => void world.log.push(line)) };
      const all = [1, 2].map(() => createAlerts({ ledger: openLedger(world.store, now), channels, runtime }));
      try {
        const schedulers: Scheduler[] = [];
        for (const alerts of all) schedulers.push(await world.scheduler({ onNews: alerts.review }));
        await Promise.all(world.set.jobs.flatMap((job) => all.map((alerts) => alerts.review(job))));
        await body({
          ...world,
          async rounds() {
            for (const scheduler of schedulers) await scheduler.round(true);
          },
          async titles() {
            for (const scheduler of schedulers) await scheduler.idle();
            for (const alerts of all) await alerts.flush();
            return posted.map(({ blocks }) => blocks[0]!.text.text);
          },
        });
      } finally {
        for (const alerts of all) await alerts.close();
      }
    })
  );
}

Deno.test("of two schedulers, one sends alerts that runs fail and that they succeed again", () =>
  withTwoSchedulers({}, async ({ pass, rounds, held, titles }) => {
    pass(30 * MINUTE);
    await rounds();
    await held[0]!.finish({ ended: "failed", reason: "extract ended with exit code 1" });
    assert.deepEqual(await titles(), ["Failed: refresh@2024-10-02T08:00Z"]);
    pass(HOUR);
    await rounds();
    await held[0]!.finish({ ended: "failed", reason: "extract ended with exit code 1" });
    assert.deepEqual(await titles(), ["Failed: refresh@2024-10-02T08:00Z"]);
    pass(HOUR);
    await rounds();
    await held[0]!.finish();
    assert.deepEqual(await titles(), [
      "Failed: refresh@2024-10-02T08:00Z",
      "Recovered: refresh@2024-10-02T10:00Z",
    ]);
  }));

Deno.test("a run that takes longer than its SLA is an alert while it goes on, and the next one in time is another", () =>
  withTwoSchedulers({ slaMinutes: 20 }, async ({ pass, rounds, held, titles }) => {
    pass(30 * MINUTE);
    await rounds();
    assert.deepEqual(await titles(), []);
    pass(21 * MINUTE);
    await rounds();
    assert.deepEqual(await titles(), ["SLA missed: refresh@2024-10-02T08:00Z"]);
    await held[0]!.finish();
    pass(39 * MINUTE);
    await rounds();
    await held[0]!.finish();
    assert.deepEqual(await titles(), [
      "SLA missed: refresh@2024-10-02T08:00Z",
      "Recovered: refresh@2024-10-02T09:00Z",
    ]);
  }));
