/** Settings from the environment, resolved once at the start of a program. */
export type { ServedRun } from "./served_run.ts";
export { type Config, KNOWN as SETTINGS, loadConfig } from "./config.ts";
export type { AlertChannel, MailChannel, WebhookChannel } from "./alert_channels.ts";
export { checkConnectionUrl, maskUrl } from "./connection_url.ts";
