/**
 * Addresses of databases and services, checked before a driver sees them. A password with a # or / in it makes most
 * parsers take a piece of it for the port, the host or the database, and show it in what they say; so a URL is refused
 * here unless every part of it is what it seems to be, and a refusal shows nothing of it.
 */
import { ConfigError } from "shopflow/errors/mod.ts";

/** The parts of a URL as they are written, with their %-codes. */
interface UrlParts {
  scheme: string;
  user?: string;
  password?: string;
  /** Hosts with their ports; MongoDB's may be several. */
  hosts: string[];
  path: string;
  /** `name=value`, as written. */
  parameters: string[];
}

/** Kinds of addresses, with the form that people are shown. */
const FORMS = {
  postgres: "postgres://user:password@host:port/database",
  mongodb: "mongodb://user:password@host:port/database",
  web: "https://host/path",
};

/** Parts of a URL that may hold no sign with a meaning of its own. */
const CODES =
  "In user and password, write % as %25, # as %23, / as %2F, ? as %3F, @ as %40, : as %3A, [ as %5B, " +
  "] as %5D and a space as %20. The value is not shown here, since it may hold a password.";

/** Schemes that a message may name; before a :// that is in the wrong place there may stand anything. */
const SCHEME =
  /^((?:jdbc:)?(?:postgres|postgresql|pglite|mongodb|mongodb\+srv|https?|file|mysql|mariadb|sqlserver|oracle|redis|s3|s3a|gs|abfss?|ftp|smtps?)):\/?\/?/i;

/** What a message may say of an address that is not what it should be: its scheme, when it is a usual one. */
export function schemeOf(value: string): string {
  const [, scheme] = value.match(SCHEME) ?? [];
  if (scheme !== undefined) return `${scheme.toLowerCase()}:…`;
  if (isKeyValueForm(value)) return "the key=value form of libpq";
  return "something else";
}

const isKeyValueForm = (value: string) => /^\s*[a-z_]+\s*=/i.test(value);

/**
 * Lets an address of a source pass.
 *
 * @param setting Its name, for the message.
 * @throws {ConfigError} when it is malformed; the message says what is wrong and shows nothing of the address.
 */
export function checkConnectionUrl(url: string, setting: string): void {
  const kind = /^postgres/.test(url) ? "postgres" : /^mongodb/.test(url) ? "mongodb" : "web";
  const parsed = split(url);
  const fault = typeof parsed === "string" ? parsed : {
    postgres: faultOfPostgres,
    mongodb: faultOfMongodb,
    web: faultOfWeb,
  }[kind](parsed, url);
  if (fault === undefined) return;
  throw new ConfigError(`Invalid ${setting} (${fault})`, {
    expected: `a URL like ${FORMS[kind]}`,
    remedy: CODES,
  });
}

/** The parts of a URL, or why they cannot be told apart. */
function split(url: string): UrlParts | string {
  // deno-lint-ignore no-control-regex
  if (/[\s\u0000-\u001f\u007f-\u009f\u200b-\u200f\ufeff]/.test(url)) {
    return "it has a space, a line break or another sign that cannot be seen, perhaps at its end";
  }
  const [, scheme, rest] = url.match(/^([a-z][a-z0-9+.-]*):\/\/(.*)$/s) ?? [];
  if (scheme === undefined || rest === undefined) return "its scheme is not followed by ://";
  if (rest.includes("#")) return "it has a # that is not written as %23";
  if (/%(?![0-9a-f]{2})/i.test(rest) || decoded(rest) === undefined) {
    return "it has a % that is not written as %25, or another wrong %-code";
  }
  if (/%[01][0-9a-f]|%7f/i.test(rest)) return "it has the %-code of a control character";
  if (rest.split("@").length > 2) {
    return "it has more than one @; all but the one before the host are written as %40";
  }
  const [, authority = "", path = "", query] = rest.match(/^([^/?]*)(\/[^?]*)?(?:\?(.*))?$/s) ?? [];
  if (!authority.includes("@") && rest.includes("@")) {
    return "it has a / or ? before the @, or an @ behind the host; in a password they are written as %2F, %3F and %40";
  }
  if (query?.includes("?")) return "it has more than one ?";
  const [, userinfo, hosts = ""] = authority.match(/^(?:(.*)@)?([^@]*)$/s) ?? [];
  const [user, ...password] = userinfo?.split(":") ?? [];
  const parameters = query?.split("&").filter((text) => text !== "") ?? [];
  if (!parameters.every((text) => /^[\w.-]+=/.test(text))) {
    return "its parameters are not of the form name=value";
  }
  return {
    scheme,
    ...(userinfo === undefined ? {} : { user }),
    ...(password.length === 0 ? {} : { password: password.join(":") }),
    hosts: hosts.split(","),
    path,
    parameters,
  };
}

/** Undefined where %-codes are no UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

/** A name, an address, an address of IPv6, or with %2F the folder of a socket. */
const HOST = /^(?:[\p{L}\p{N}._-]+|\[[0-9a-f:.]+\]|(?:%2f[\p{L}\p{N}._~-]+)+)$/iu;

function faultOfHost(text: string): string | undefined {
  const [, host = "", port] = text.match(/^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s) ?? [];
  if (port !== undefined && !isPort(port)) {
    return "its port is not a number from 1 to 65535, or a : in its password is not written as %3A";
  }
  if (host === "") return "it has no host";
  if (!HOST.test(host)) return "its host is no name or address";
}

const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;

/** A database's name; `;` and `=` would be settings in a form that is not ours. */
const DATABASE = /^\/(?:[^/;=:,"'\\<>[\]{}|^`]*)$/;

function faultOfPostgres({ user, hosts, path, parameters }: UrlParts, url: string): string | undefined {
  if (user === "") return "it has no user before the @";
  if (hosts.length > 1) return "it names several hosts, and ShopFlow reads one; name the one to read";
  // PostgreSQL's own programs take the folder of a socket as a parameter, or a default.
  const [host = ""] = hosts;
  const fault = host === "" ? undefined : faultOfHost(host);
  if (fault !== undefined) return fault;
  if (path !== "" && !DATABASE.test(path)) return "its database has a sign that is not written as a %-code";
  const port = parameters.find((text) => text.startsWith("port="));
  if (port !== undefined && !isPort(port.slice("port=".length))) return "its parameter port is not a number";
  return parses(url.replace("@/", "@host/"));
}

function faultOfMongodb({ scheme, user, password, hosts, path }: UrlParts, url: string): string | undefined {
  if (user === "") return "it has no user before the @";
  if (password?.includes(":")) return "its password has a : that is not written as %3A";
  const fault = hosts.map(faultOfHost).find((found) => found !== undefined);
  if (fault !== undefined) return fault;
  if (path !== "" && !DATABASE.test(path)) return "its database has a sign that is not written as a %-code";
  if (scheme !== "mongodb+srv") return undefined;
  if (hosts.length > 1) return "mongodb+srv names one host, whose DNS entries say the others";
  return hosts.some((host) => /:\d+$/.test(host))
    ? "mongodb+srv takes no port, which its DNS entries say"
    : parses(url);
}

function faultOfWeb({ scheme, user, hosts }: UrlParts, url: string): string | undefined {
  if (!/^https?$/.test(scheme)) return "its scheme is neither https nor http";
  if (user !== undefined) {
    return "it has a user or password, which are sent to no web server; keys have settings of their own";
  }
  const [host = "", ...others] = hosts;
  return (others.length > 0 ? "its host is no name or address" : faultOfHost(host)) ?? parses(url);
}

const parses = (url: string) => URL.canParse(url) ? undefined : "it is no URL";

/** Parameters whose values are shown. */
const SHOWN =
  /^(?:user|host|port|sslmode|application_name|authSource|replicaSet|readPreference|tls|ssl|directConnection|[a-z]+TimeoutMS)=[\w./-]*$/i;

/**
 * An address for messages, and for what the lake records of its source: without password, and of parameters those
 * alone that are known to be harmless. Of one that is malformed the scheme is all that is shown.
 */
export function maskUrl(url: string): string {
  if (/^(?:pglite|file):/.test(url) || url === "none") return url;
  const parts = split(url);
  const [, known] = url.match(SCHEME) ?? [];
  if (typeof parts === "string" || known === undefined) return known === undefined ? "***" : `${known}://***`;
  const { scheme, user, password, hosts, path, parameters } = parts;
  // What is no name of a user may be one with its password, where another sign than : was typed between them.
  const shownUser = user === undefined || /^(?:[\w.+~-]|%40)*$/.test(user) ? user : "***";
  const userinfo = user === undefined ? "" : `${shownUser}${password === undefined ? "" : ":***"}@`;
  const shown = parameters.map((text) => SHOWN.test(text) ? text : text.replace(/=.*/s, "=***"));
  return `${scheme}://${userinfo}${hosts.join(",")}${path}${shown.length === 0 ? "" : `?${shown.join("&")}`}`;
}

/**
 * Public address of the server, without a slash at its end; undefined when it is not set.
 *
 * @throws {ConfigError} when it is no such address.
 */
export function publicUrl(value: string | undefined): string | undefined {
  if (!value) return undefined;
  const url = URL.parse(value);
  const isPlain = /^https?:\/\/[^@?#\s]+$/i.test(value);
  if (url !== null && isPlain && /^https?:$/.test(url.protocol)) {
    return url.href.replace(/\/+$/, "");
  }
  throw new ConfigError("Invalid SHOPFLOW_PUBLIC_URL", {
    expected: "http:// or https:// with a host and perhaps a path, e.g. https://shopflow.example.com",
    found: schemeOf(value),
    remedy: "Leave out user, password, parameters and #. The value is not shown here.",
  });
}

/**
 * How a message shows an invalid value: only what looks like a number or a time, because a password may have been put
 * into the wrong variable.
 */
export function shownValue(value: string): string {
  const isNumber = /^[-+]?\d[\d.,:_ /TZ+-]{0,60}[A-Za-z]{0,3}$/.test(value);
  return isNumber ? JSON.stringify(value) : `a text of ${value.length} characters`;
}
