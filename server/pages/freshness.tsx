import type { MiddlewareHandler } from "hono";
import { type Freshness, type FreshnessLimits, ordersUntilText } from "shopflow/kpis/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { servedFreshness } from "../state/served_versions.ts";
import type { ServingCache } from "../state/serving_cache.ts";

/** A sign beside the word, so that nobody needs to see the colour. */
const MARKS = { fresh: "✓", late: "!", stale: "✕" };

/** Until when the orders go, and what that means by the clock: "Orders until 9 Dec 2011 ✕ 15 years late". */
export function OrdersUntil({ freshness, now }: { freshness: Freshness; now: Date }) {
  const { until, status, words } = freshness;
  return (
    <>
      <time datetime={until}>{ordersUntilText(until, now)}</time>{" "}
      <span class={`chip ${status}`}>
        <span aria-hidden="true">{MARKS[status]}</span> {words}
      </span>
    </>
  );
}

/** What the frame of every page has in the place of the line, which is filled when the page is sent. */
const PLACE = '<p class="orders-until page"></p>';

/** The place of the line in the frame of a page. */
export function FreshnessPlace() {
  return <p class="orders-until page"></p>;
}

/**
 * Writes on every page until when the orders go. A page does not need to know: it is of the data that the server
 * answers from, and of the time at which the page is sent.
 */
export function freshnessLine(
  cache: ServingCache,
  { now }: Pick<Runtime, "now">,
  limits: FreshnessLimits,
): MiddlewareHandler {
  return async (c, next) => {
    await next();
    if (!c.res.headers.get("content-type")?.includes("text/html")) return;
    const html = await c.res.clone().text();
    if (!html.includes(PLACE)) return;
    const at = now();
    const freshness = servedFreshness(await cache.current(), at, limits);
    const line = freshness === undefined
      ? ""
      : (
        <aside class="orders-until page" aria-label="Freshness of the data">
          <OrdersUntil freshness={freshness} now={at} />
        </aside>
      );
    c.res = new Response(html.replace(PLACE, () => String(line)), c.res);
  };
}
