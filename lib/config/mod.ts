/** Settings of an installation, read from environment variables and checked once. */
export { type Config, loadConfig, logLevelOf, NO_TICKETS } from "./config.ts";
export type { QuarantineLimit } from "./values.ts";
export type { AlertChannel, MailChannel, WebhookChannel } from "./alert_channels.ts";
export { checkConnectionUrl, maskUrl } from "./connection_url.ts";
