import type { AlertChannel } from "shopflow/config/mod.ts";
import type { Channel } from "./channel.ts";
import { mailChannel } from "./mail_channel.ts";
import { webhookChannel } from "./webhook_channel.ts";

/** A try may take so long, in milliseconds. */
const TIME_LIMIT_MS = 15_000;

/** Opens the channels of the settings; nothing is connected yet. */
export function openChannels(
  settings: AlertChannel[],
  { timeLimitMs = TIME_LIMIT_MS }: { timeLimitMs?: number } = {},
): Channel[] {
  return settings.map((setting) =>
    setting.kind === "webhook" ? webhookChannel(setting, timeLimitMs) : mailChannel(setting, timeLimitMs)
  );
}
