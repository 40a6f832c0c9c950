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
    const url = new URL(c.req.url);
    const header = c.req.header("host") ?? url.host;
    const host = HOST.test(header) ? URL.parse(`http://${header}`) : null;
    if (host === null) {
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
        remedy: "Open the server by one of these, or tell it its public address: SHOPFLOW_PUBLIC_URL.",
      });
    }
    await next();
  };
}

function isOwn(hostname: string, names: readonly string[]): boolean {
  const name = hostname.replace(/\.$/, "");
  return isThisMachine(name) || name.endsWith(".localhost") || isAddress(name) || names.includes(name);
}

/** As URLs write them: IPv6 in brackets, IPv4 in four decimal numbers. */
function isAddress(name: string): boolean {
  return name.startsWith("[") || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
}
