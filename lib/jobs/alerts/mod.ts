/** Alerts: what a channel is told of a job's failures, missed SLAs and recoveries, each once. */
export type { Alert, AlertKind } from "./alert.ts";
export { type Alerts, type AlertsOptions, createAlerts } from "./alerts.ts";
export type { AlertMessage } from "./alert_message.ts";
export { type Channel, DeliveryError } from "./channel.ts";
export { logTail } from "./log_tail.ts";
export { openChannels } from "./open_channels.ts";
