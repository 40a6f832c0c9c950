import type { MiddlewareHandler } from "hono";
import { HttpProblem } from "../problems.ts";

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
      remedy: "Open the page of the job here and use its buttons; programs use /api/jobs.",
    });
  };
}

function hostOf(origin: string | undefined): string | undefined {
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).host : undefined;
}
