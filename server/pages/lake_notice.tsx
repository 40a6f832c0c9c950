import type { MiddlewareHandler } from "hono";
import { LakeError } from "shopflow/errors/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import type { ServingCache } from "../state/serving_cache.ts";
import { formatTime } from "shopflow/runtime/mod.ts";
import { absentSince } from "shopflow/jobs/scheduler/mod.ts";
import type { JobsReader } from "../state/jobs_reader.ts";
import { formatAge } from "./wording.ts";

/** Pages of reports bring styles of their own, so the notice does, too. */
const STYLE = "padding: .65rem 1.5rem; font: 500 .875rem/1.5 system-ui, sans-serif; color: #5c1a14; " +
  "background: #fdf1ef; border-bottom: 1px solid #b3261e";

/** What a route says of an answer that could not be read from the lake again. */
export interface KeptSince {
  Variables: { keptSince?: Date };
}

/**
 * Marks every answer that is given while the lake cannot be read: the headers `age` (seconds since it was read) and
 * `x-lake-unreachable-since`, and a notice above pages.
 */
export function lakeNotice(
  cache: ServingCache,
  { now }: Pick<Runtime, "now">,
): MiddlewareHandler<KeptSince> {
  return async (c, next) => {
    await next();
    // What failed by the lake shows it before the next look would.
    if (c.res.status === 503 || c.get("keptSince") !== undefined) await cache.current();
    const { unreachableSince, readAt } = cache.lake();
    const kept = c.get("keptSince");
    if (unreachableSince === undefined && kept === undefined) return;
    const seconds = secondsBetween(kept ?? readAt, now());
    if (unreachableSince !== undefined) c.header("x-lake-unreachable-since", unreachableSince.toISOString());
    if (seconds !== undefined && c.res.status < 400) c.header("age", String(seconds));
    c.header("cache-control", "no-store");
    if (!c.res.headers.get("content-type")?.includes("text/html")) return;
    const text = unreachableSince === undefined
      ? `This page could not be read from the lake again. It is shown as it was read ${age(seconds)} ago.`
      : `The lake has been unreachable since ${formatTime(unreachableSince.toISOString())}. ` +
        (seconds === undefined ? "" : `This page shows data read ${age(seconds)} ago.`);
    const notice = <div role="status" style={STYLE}>{text}</div>;
    const html = (await c.res.text()).replace(/<body[^>]*>/, (body) => `${body}\n${notice}`);
    c.res = new Response(html, c.res);
  };
}

/** A notice above reports once no scheduler is running any more: then they grow old, whatever date they bear. */
export function schedulerNotice(
  board: Pick<JobsReader, "schedulers">,
  { now }: Pick<Runtime, "now">,
): MiddlewareHandler {
  async function absence(): Promise<Date | undefined> {
    try {
      return absentSince(await board.schedulers(), now());
    } catch (error) {
      // The other notice says that the lake cannot be read.
      if (error instanceof LakeError) return undefined;
      throw error;
    }
  }

  return async (c, next) => {
    await next();
    const { status, headers } = c.res;
    if (status !== 200 || !headers.get("content-type")?.includes("text/html")) return;
    // What is known now has no place on the page of a run, which browsers keep.
    if (headers.get("cache-control")?.includes("immutable")) return;
    const since = await absence();
    if (since === undefined) return;
    const notice = (
      <div role="status" style={STYLE}>
        No scheduler has been running since{" "}
        {formatTime(since.toISOString())}: data, scores and reports are not renewed. <a href="/jobs">Jobs</a>
      </div>
    );
    const html = (await c.res.text()).replace(/<body[^>]*>/, (body) => `${body}\n${notice}`);
    c.res = new Response(html, c.res);
  };
}

const age = (seconds: number | undefined) => formatAge(seconds ?? 0);

const secondsBetween = (from: Date | undefined, to: Date) =>
  from && Math.max(0, Math.round((to.getTime() - from.getTime()) / 1000));
