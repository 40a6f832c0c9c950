import type { MiddlewareHandler } from "hono";
import type { RequestIdVariables } from "hono/request-id";
import type { Runtime } from "shopflow/runtime/mod.ts";

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
