import type { MiddlewareHandler } from "hono";
import { secureHeaders } from "hono/secure-headers";

/**
 * Headers for every answer. Pages hold inline styles and data: images only; scripts, frames, forms and
 * other servers are forbidden, so that text from shop data can do no harm even if it were not escaped. A route that
 * sets a policy of its own, as reports and jobs do, keeps it.
 */
export function securityHeaders(): MiddlewareHandler {
  const secure = secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'unsafe-inline'"],
      imgSrc: ["data:"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: "DENY",
    // Not even to this server would browsers name the origin of a form with "no-referrer".
    referrerPolicy: "same-origin",
    // TLS ends at a proxy where there is one; it knows whether the host may promise HTTPS for good.
    strictTransportSecurity: false,
    // Reports are origins of their own, which browsers cannot key by this one and complain about.
    originAgentCluster: false,
  });
  return async (c, next) => {
    let own: string | null = null;
    await secure(c, async () => {
      await next();
      own = c.res.headers.get(POLICY);
    });
    if (own !== null) c.res.headers.set(POLICY, own);
  };
}

const POLICY = "content-security-policy";
