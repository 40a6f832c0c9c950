import type { WebhookChannel } from "shopflow/config/mod.ts";
import { fetchReason, maskSecrets } from "shopflow/errors/mod.ts";
import { escaped } from "./alert_message.ts";
import { type Channel, DeliveryError } from "./channel.ts";

/** More of an answer is not shown, in characters. */
const SHOWN = 200;

/** Posts messages as Slack's incoming webhooks take them: `text` says all, `blocks` say it in Slack's way. */
export function webhookChannel({ name, url }: WebhookChannel, timeLimitMs: number): Channel {
  const { host, pathname, search } = new URL(url);
  const secrets = [url, pathname + search, ...pathname.split("/").filter((part) => part.length > 7)];
  const masked = (text: string) =>
    maskSecrets(secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text));
  return {
    name,
    place: `a webhook at ${host}`,
    async send({ title, text, blocks }) {
      let response: Response;
      let answer: string;
      try {
        response = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ text: `*${escaped(title)}*\n${escaped(text)}`, blocks }),
          // Where a secret is sent is for the setting to say.
          redirect: "manual",
          signal: AbortSignal.timeout(timeLimitMs),
        });
        answer = await response.text();
      } catch (error) {
        const why = (error as Error).name === "TimeoutError"
          ? `no answer within ${timeLimitMs / 1000} s`
          : masked(fetchReason(error));
        throw new DeliveryError(`the webhook at ${host} cannot be reached: ${why}`);
      }
      if (response.ok) return;
      const said = masked(answer).replace(/\s+/g, " ").trim().slice(0, SHOWN);
      throw new DeliveryError(
        `the webhook at ${host} answered ${response.status}${said === "" ? "" : `: ${said}`}`,
        Number(response.headers.get("retry-after") ?? 0) * 1000 || 0,
      );
    },
  };
}
