import { createMask, fetchReason, maskSecrets, ShopFlowError } from "shopflow/errors/mod.ts";
import { type AlertMessage, escapeForSlack } from "./message.ts";
import type { AlertChannel, MailChannel, WebhookChannel } from "shopflow/config/mod.ts";

/** A place that alerts are sent to. */
export interface Channel {
  name: string;
  /** Where they go, without secrets. */
  place: string;
  /**
   * Sends one. Rejects with a {@linkcode DeliveryError} when it was not taken.
   *
   * @returns a problem of one that was taken, if there was any.
   */
  send(message: AlertMessage): Promise<string | void>;
}

/** A channel did not take an alert. Its message holds no secret. */
export class DeliveryError extends ShopFlowError {
  constructor(
    problem: string,
    /** The receiver asks to wait for so long. */
    readonly waitMs = 0,
  ) {
    super(problem);
  }
}

/** Sends mails, as text and HTML. */
function mailChannel(setting: MailChannel, timeLimitMs: number): Channel {
  const { name, host, port, tls, credentials, from, to, caFile } = setting;
  return {
    name,
    place: `${to.join(", ")} by ${host}`,
    async send(message: AlertMessage) {
      // Most programs send no mail, so it is loaded where it is needed.
      const { createTransport } = await import("nodemailer");
      const transport = createTransport({
        host,
        port,
        secure: tls === "implicit",
        requireTLS: tls === "starttls",
        ignoreTLS: tls === "none",
        auth: credentials && { user: credentials.user, pass: credentials.password },
        connectionTimeout: timeLimitMs,
        greetingTimeout: timeLimitMs,
        socketTimeout: timeLimitMs,
        ...(caFile === undefined ? {} : { tls: { ca: await Deno.readTextFile(caFile) } }),
      });
      let timer: ReturnType<typeof setTimeout> | undefined;
      try {
        const mail = transport.sendMail({
          from,
          to,
          subject: message.title,
          text: message.text,
          html: message.html,
          // A mail that is sent twice, because the first one was not written down, is one mail to its readers.
          messageId: `<${message.id}@${from.split("@")[1]}>`,
        });
        const over = new Promise<never>((_, reject) => {
          const error = new Error(`no answer within ${timeLimitMs / 1000} s`);
          timer = setTimeout(() => reject(error), timeLimitMs);
        });
        const { rejected } = await Promise.race([mail, over]);
        // To send it again would repeat it to all others.
        if (rejected.length > 0) return `the mail server ${host}:${port} refused ${rejected.join(", ")}`;
      } catch (error) {
        const said = (error as Error).message.replace(/\s+/g, " ");
        // A server may show what it was sent, also as base64.
        const secrets = credentials === undefined ? [] : [credentials.password];
        const masked = createMask({ PASSWORD: credentials?.password })(said);
        const shown = secrets.reduce((text, secret) => text.replaceAll(secret, "***"), masked);
        throw new DeliveryError(`the mail server ${host}:${port} did not accept the message: ${shown}`);
      } finally {
        clearTimeout(timer);
        transport.close();
      }
    },
  };
}

/** More of an answer is not shown, in characters. */
const SHOWN = 200;

/** Posts messages as Slack's incoming webhooks take them: `text` says all, `blocks` say it in Slack's way. */
function webhookChannel({ name, url }: WebhookChannel, timeLimitMs: number): Channel {
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
          body: JSON.stringify({ text: `*${escapeForSlack(title)}*\n${escapeForSlack(text)}`, blocks }),
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

/** An attempt may take so long, in milliseconds. */
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
