import { ConfigError } from "shopflow/errors/mod.ts";
import { schemeOf } from "./connection_url.ts";

/** Where the alerts of a channel are sent. */
export type AlertChannel = WebhookChannel | MailChannel;

/** Takes a JSON message as Slack's incoming webhooks do; so do Mattermost, Rocket.Chat and Discord (`…/slack`). */
export interface WebhookChannel {
  kind: "webhook";
  name: string;
  /** Its path is a secret. */
  url: string;
}

/** Sends mails through a server. */
export interface MailChannel {
  kind: "mail";
  name: string;
  host: string;
  port: number;
  /** TLS from the first byte (`smtps:`), STARTTLS that must succeed, or none (`smtp:` with `tls=none`). */
  tls: "implicit" | "starttls" | "none";
  credentials?: { user: string; password: string } | undefined;
  from: string;
  to: string[];
  /** File with certificates (PEM) of an authority that the system does not know. */
  caFile?: string;
}

const EXAMPLE = "operations=https://hooks.example.com/services/… " +
  "business=smtps://user:password@mail.example.com?from=shopflow@example.com&to=a@example.com,b@example.com";

/**
 * Reads `SHOPFLOW_ALERT_CHANNELS`: `name=url`, separated by white space.
 *
 * @throws {ConfigError} on the first that is malformed; its message shows no secret.
 */
export function alertChannels(value: string): AlertChannel[] {
  const channels = value.split(/\s+/).filter((entry) => entry !== "").map(channel);
  const twice = channels.find(({ name }, i) => channels.findIndex((other) => other.name === name) < i);
  if (twice !== undefined) throw wrong(`channel ${twice.name} twice`, "each name once");
  return channels;
}

function channel(entry: string, position: number): AlertChannel {
  const [, name, address] = entry.match(/^([a-z][a-z0-9-]*)=(.+)$/s) ?? [];
  if (name === undefined || address === undefined) {
    throw wrong(
      `entry ${position + 1}`,
      `name=url with a name of lower-case letters, digits and -, such as ${EXAMPLE}`,
    );
  }
  const url = URL.parse(address);
  const isUsual = /^(?:https?|smtps?):\/\/[^/?#]/i.test(address);
  if (url === null || url.hostname === "" || url.hash !== "" || !isUsual) {
    // After a space in a password, a piece of it would be taken for the name.
    throw wrong(
      `address in entry ${position + 1}`,
      "https://…, smtps://… or smtp://…; in a password, a space is written as %20, # as %23, / as %2F, ? as %3F, @ as %40",
      url === null ? `${schemeOf(address)} that cannot be read` : schemeOf(address),
    );
  }
  return url.protocol.startsWith("http") ? webhook(name, url) : mail(name, url);
}

function webhook(name: string, url: URL): WebhookChannel {
  if (url.protocol === "http:" && !isLoopback(url.hostname)) {
    throw wrong(`${name}: sends alerts and the webhook's secret unencrypted`, "https://", "http://");
  }
  return { kind: "webhook", name, url: url.href };
}

function mail(name: string, url: URL): MailChannel {
  const options = url.searchParams;
  const unknown = [...options.keys()].filter((key) => !["from", "to", "tls", "ca"].includes(key));
  if (unknown.length > 0) {
    // It may be a piece of a password with a ?.
    throw wrong(`${name}: unknown option`, "from, to, tls or ca");
  }
  if (!["", "/"].includes(url.pathname)) {
    throw wrong(`${name}: path after the mail server`, "smtps://host:port?from=…&to=…");
  }
  const addresses = (key: string) => (options.get(key) ?? "").split(",").filter((address) => address !== "");
  const [from, ...others] = addresses("from");
  if (from === undefined || others.length > 0 || !isAddress(from)) {
    throw wrong(`${name}: sender`, "from=ADDRESS", counted(addresses("from")));
  }
  const to = addresses("to");
  if (to.length === 0 || !to.every(isAddress)) {
    throw wrong(`${name}: recipients`, "to=ADDRESS,ADDRESS", counted(to));
  }
  const tls = tlsOf(name, url);
  const caFile = options.get("ca");
  return {
    kind: "mail",
    name,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (tls === "implicit" ? 465 : 587) : Number(url.port),
    tls,
    from,
    to,
    ...(url.username === "" ? {} : { credentials: credentials(name, url) }),
    ...(caFile === null ? {} : { caFile }),
  };
}

function tlsOf(name: string, { protocol, searchParams, username, hostname }: URL): MailChannel["tls"] {
  const asked = searchParams.get("tls");
  if (protocol === "smtps:" && asked === null) return "implicit";
  if (protocol === "smtp:" && (asked === null || asked === "starttls")) return "starttls";
  if (protocol === "smtp:" && asked === "none") {
    if (username === "" || isLoopback(hostname)) return "none";
    throw wrong(`${name}: sends the password unencrypted`, "smtps://, or smtp:// without tls=none");
  }
  throw wrong(`${name}: tls`, "smtps://, or smtp:// with tls=starttls or tls=none");
}

function credentials(name: string, { username, password }: URL): MailChannel["credentials"] {
  try {
    return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    // The cause would show what is secret.
    throw wrong(`${name}: user or password`, "% in them written as %25");
  }
}

/** Describes what stands in place of addresses without showing it, since it may be a piece of a password. */
const counted = (found: string[]) =>
  found.length === 0 ? "nothing" : `${found.length} that are not all addresses`;

const isAddress = (text: string) => /^[^\s@<>,;:"]+@[^\s@<>,;:"]+$/.test(text);

const isLoopback = (host: string) => host === "localhost" || host === "[::1]" || /^127\.[\d.]+$/.test(host);

const wrong = (where: string, expected: string, found?: string) =>
  new ConfigError(`Invalid SHOPFLOW_ALERT_CHANNELS (${where})`, {
    expected,
    ...(found === undefined ? {} : { found }),
  });
