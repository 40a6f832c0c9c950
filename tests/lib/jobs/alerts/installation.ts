import { loadConfig } from "shopflow/config/mod.ts";
import type { Run } from "shopflow/jobs/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { type Alerts, createAlerts, openChannels } from "shopflow/jobs/alerts/mod.ts";
import type { AlertsOptions } from "../../../../lib/jobs/alerts/alerts.ts";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";
import { at, JOB } from "./hourly_job.ts";
import { type Posted, withWebhook } from "./webhook_server.ts";

/** A lake with a clock that stands still, and schedulers' alerts on it. */
export function installation(folder: string, url: string | undefined, store = createDirectoryStore(folder)) {
  const clock = { now: at("09:15") };
  const now = () => clock.now;
  const lines: string[] = [];
  const settings = url === undefined ? {} : { SHOPFLOW_ALERT_CHANNELS: `operations=${url}` };
  const opened: Alerts[] = [];
  return {
    clock,
    lines,
    enqueue: (runs: Run[]) => openLedger(store, now).enqueue(JOB.name, runs),
    /** Its channels wait for an answer so long that a busy machine gives it in time, unless a test says otherwise. */
    open(options: Partial<AlertsOptions> = {}, on: ObjectStore = store, timeLimitMs = 60_000): Alerts {
      const alerts = createAlerts({
        ledger: openLedger(on, now),
        channels: openChannels(loadConfig(settings, folder).alertChannels, { timeLimitMs }),
        runtime: { now, log: createLogger((line) => void lines.push(line)) },
        ...options,
      });
      opened.push(alerts);
      return alerts;
    },
    close: () => Promise.all(opened.map((alerts) => alerts.close())),
  };
}

export type Installation = ReturnType<typeof installation>;
export type Webhook = Parameters<Parameters<typeof withWebhook>[0]>[0];

export function withInstallation(
  body: (place: Installation & Webhook & { folder: string }) => Promise<void>,
): Promise<void> {
  return withTemporaryFolder((folder) =>
    withWebhook(async (webhook) => {
      const place = installation(folder, webhook.url);
      try {
        await body({ folder, ...place, ...webhook });
      } finally {
        await place.close();
      }
    })
  );
}

/** Of each message that was posted. */
export const titles = (posted: Posted[]) => posted.map(({ blocks }) => blocks[0]!.text.text);
