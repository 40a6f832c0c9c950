/** A process that reviews the job of an hour once: `review_and_send.ts LAKE WEBHOOK NOW`. Tests kill it. */
import { loadConfig } from "shopflow/config/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { createAlerts, openChannels } from "shopflow/jobs/alerts/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { JOB } from "./hourly_job.ts";

const [lake, url, time] = Deno.args as [string, string, string];
const now = () => new Date(time);
const { alertChannels } = loadConfig({ SHOPFLOW_ALERT_CHANNELS: `operations=${url}` });
const alerts = createAlerts({
  ledger: openLedger(createDirectoryStore(lake), now),
  channels: openChannels(alertChannels),
  runtime: { now, log: createLogger() },
});
await alerts.review(JOB);
await alerts.flush();
await alerts.close();
