import type { MailChannel } from "shopflow/config/mod.ts";
import { createMask } from "shopflow/errors/mod.ts";
import type { AlertMessage } from "./alert_message.ts";
import { type Channel, DeliveryError } from "./channel.ts";

/** Sends mails, as text and HTML. */
export function mailChannel(setting: MailChannel, timeLimitMs: number): Channel {
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
          const error = new Error(`no end within ${timeLimitMs / 1000} s`);
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
        throw new DeliveryError(`the mail server ${host}:${port} did not take it: ${shown}`);
      } finally {
        clearTimeout(timer);
        transport.close();
      }
    },
  };
}
