import type { Context, ErrorHandler, MiddlewareHandler, NotFoundHandler } from "hono";
import type { RequestIdVariables } from "hono/request-id";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { HTTPException } from "hono/http-exception";
import { DiskFullError, errorText, LakeError, LakeUnreachableError } from "shopflow/errors/mod.ts";
import { HttpProblem } from "../problems.ts";
import { renderProblemPage } from "../pages/layout.tsx";
import { secureHeaders } from "hono/secure-headers";

/** Logs one JSON line an answer. The query is left out: it may hold what should not be in logs. */
export function accessLog(runtime: Runtime): MiddlewareHandler<{ Variables: RequestIdVariables }> {
  return async (c, next) => {
    const started = performance.now();
    await next();
    runtime.log.info(JSON.stringify({
      time: runtime.now().toISOString(),
      request_id: c.get("requestId"),
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ms: Number((performance.now() - started).toFixed(1)),
    }));
  };
}

/** Messages that are not logged again. */
const MOST_REMEMBERED = 100;

/** Answers errors: problems as they say, everything else as 500 with nothing but the request id. */
export function answerError(runtime: Runtime): ErrorHandler {
  const logged = new Set<string>();
  return (error, c) => {
    const problem = error instanceof HttpProblem
      ? error
      : error instanceof HTTPException
      ? explainHttpException(error)
      : error instanceof LakeError || error instanceof DiskFullError
      ? unreadable(error, runtime, logged)
      : isCutOff(error)
      ? INCOMPLETE
      : unexpected(error, c, runtime);
    return answerProblem(c, problem);
  };
}

/** Answers paths that do not exist. */
export const answerNotFound: NotFoundHandler = (c) =>
  answerProblem(
    c,
    new HttpProblem(404, "not_found", "There is nothing at this address", {
      found: c.req.path,
      remedy: "Reports are at /reports, jobs at /jobs, the endpoints of the API at /docs.",
    }),
  );

/** Answers known paths that were called with another method. */
export function answerMethodNotAllowed(c: Context, allowed: string[]): Response | Promise<Response> {
  c.header("allow", allowed.join(", "));
  return answerProblem(
    c,
    new HttpProblem(405, "method_not_allowed", `${c.req.path} does not support ${c.req.method}`, {
      expected: allowed.join(" or "),
      found: c.req.method,
      remedy: "See /docs for examples.",
    }),
  );
}

/** A page for people with a browser, JSON for programs. */
function answerProblem(c: Context, problem: HttpProblem): Response | Promise<Response> {
  if (c.req.header("accept")?.includes("text/html")) {
    return c.html(renderProblemPage(problem), problem.status);
  }
  return c.json(problem.toJSON(), problem.status);
}

/** What Hono's own validators throw before our schemas see the request. */
function explainHttpException(exception: HTTPException): HttpProblem {
  if (exception.status === 415) {
    return new HttpProblem(415, "unsupported_media_type", "The body is not declared as JSON", {
      expected: "the header content-type: application/json",
      remedy: "Add the header; see /docs for examples.",
    });
  }
  if (exception.status === 400) {
    return new HttpProblem(400, "invalid_json", "The body is not JSON", {
      expected: 'JSON such as {"customer_id": "CUST000001"}',
      remedy: "Check quotes and commas; see /docs for examples.",
    });
  }
  return new HttpProblem(exception.status as HttpProblem["status"], "refused", exception.message);
}

/**
 * What is wrong names files and addresses of the lake, which is nothing for visitors. It is logged once in a while, and
 * that all of the lake has gone by those who look after it.
 */
function unreadable(error: LakeError | DiskFullError, { log }: Runtime, logged: Set<string>): HttpProblem {
  const { message } = error;
  const gone = error instanceof LakeUnreachableError;
  if (logged.size >= MOST_REMEMBERED) logged.clear();
  if (!gone && !logged.has(message)) log.warn(message);
  logged.add(message);
  const problem = gone ? "The lake cannot be reached" : "The lake cannot be read or written";
  return new HttpProblem(503, "not_readable", problem, {
    remedy: "Ask the operator: the log of this server names what is wrong and what to do.",
  });
}

/** Nobody reads this answer; the log of requests tells of it. */
const INCOMPLETE = new HttpProblem(400, "incomplete_request", "The connection ended before the body did");

/** As node:http says that a connection ended while its request was read. */
function isCutOff(error: Error & { code?: unknown }): boolean {
  return error.code === "ECONNRESET" && error.message === "aborted";
}

function unexpected(error: Error, c: Context, runtime: Runtime): HttpProblem {
  const requestId = c.get("requestId") as string;
  runtime.log.warn(`request ${requestId} failed: ${errorText(error)}`);
  return new HttpProblem(500, "internal_error", "Something went wrong in the server", {
    remedy: `Give the operator this request id to find it in the log: ${requestId}`,
  });
}

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
