/** Where a request may come from (names of this server, the site that asked for it), and whether it can be read as it is. */
import { isUtf8 } from "node:buffer";
import type { MiddlewareHandler } from "hono";
import { isThisMachine } from "./operator.ts";
import { HttpProblem } from "../problems.ts";

/** A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[^\s,;:/?#@\\[\]<>^|%"'`{}]+)(?::\d{1,5})?$/i;

/**
 * Refuses requests whose `Host` is none of this server's: of a server without a key, a page of another site could read
 * everything once the name of that site points to this machine (DNS rebinding). Browsers name the site in `Host`, and
 * pages cannot change that. Addresses pass, since nobody can point one elsewhere; so do names of this machine in
 * itself. Any port passes: it may be forwarded.
 *
 * @param names Other names of the server; undefined: any name passes, as where a key protects what is read.
 */
export function ownHostOnly(names: readonly string[] | undefined): MiddlewareHandler {
  const own = names?.map((name) => name.toLowerCase());
  return async (c, next) => {
    const url = URL.parse(c.req.url);
    const header = c.req.header("host") ?? url?.host ?? "";
    const host = HOST.test(header) ? URL.parse(`http://${header}`) : null;
    // The adapter makes the URL of the Host, and looks at it less closely.
    if (host === null || url === null) {
      throw new HttpProblem(400, "malformed_host", "The header Host is malformed", {
        expected: "one name or address, and perhaps a port",
        found: JSON.stringify(header),
        remedy: "Send Host: localhost:8000, for example.",
      });
    }
    // The target of a request may name a host, too.
    const foreign = [host, url].find(({ hostname }) => own !== undefined && !isOwn(hostname, own));
    if (foreign !== undefined) {
      throw new HttpProblem(421, "other_host", "This server does not answer for that host", {
        expected: `Host: ${
          ["localhost", "an IP address", ...own!.filter((name) => !isOwn(name, []))].join(" or ")
        }`,
        found: foreign.hostname,
        remedy: "Use one of these, or set the public address of the server: SHOPFLOW_PUBLIC_URL.",
      });
    }
    await next();
  };
}

/** Refuses paths whose %-codes are no UTF-8: an id that is misspelt there would be looked up as it is written. */
export function wellFormedPathOnly(): MiddlewareHandler {
  return async (c, next) => {
    const path = c.req.url.replace(/^[^/]*\/\/[^/?#]*/, "").replace(/[?#].*$/s, "");
    if (!isDecodable(path)) {
      throw new HttpProblem(400, "malformed_path", "The path has a % that begins no %-code of UTF-8", {
        expected: "a path in which % is written as %25 and other signs as encodeURIComponent writes them",
        found: path.slice(0, 80),
        remedy: "Percent-encode the id.",
      });
    }
    await next();
  };
}

/**
 * Refuses bodies whose bytes are no UTF-8, after their size was limited: each wrong byte would become a U+FFFD, and ids
 * with them be looked up as if a client had sent those.
 */
export function utf8BodyOnly(): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.method === "GET" || c.req.method === "HEAD") return await next();
    const bytes = await c.req.arrayBuffer();
    if (!isUtf8(new Uint8Array(bytes))) {
      throw new HttpProblem(400, "body_not_utf8", "The body has bytes that are no UTF-8", {
        expected: "text in UTF-8",
        remedy: "Encode the body in UTF-8, as JSON always is between programs.",
      });
    }
    await next();
  };
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

function isOwn(hostname: string, names: readonly string[]): boolean {
  const name = hostname.replace(/\.$/, "");
  return isThisMachine(name) || name.endsWith(".localhost") || isAddress(name) || names.includes(name);
}

/** As URLs write them: IPv6 in brackets, IPv4 in four decimal numbers. */
function isAddress(name: string): boolean {
  return name.startsWith("[") || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
}

/**
 * Refuses changes that a page of another site asks for: a browser would send the operator's password along with them.
 * Browsers say where a request comes from, in `Sec-Fetch-Site` or `Origin`; pages cannot forge either.
 *
 * @param silent Whether requests that say nothing pass, as those of programs do.
 */
export function sameSiteOnly({ silent }: { silent: "pass" | "refuse" }): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.method === "GET" || c.req.method === "HEAD") return await next();
    const [site, origin] = [c.req.header("sec-fetch-site"), c.req.header("origin")];
    const host = c.req.header("host") ?? new URL(c.req.url).host;
    const said = site ?? origin;
    const own = site !== undefined ? site === "same-origin" : hostOf(origin) === host;
    if (said === undefined ? silent === "pass" : own) return await next();
    throw new HttpProblem(403, "other_site", "The request does not come from a page of this server", {
      found: said ?? "a request that does not say where it comes from",
      remedy: "Open the page here and use its buttons; programs use the API.",
    });
  };
}

function hostOf(origin: string | undefined): string | undefined {
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).host : undefined;
}
