import { stringify } from "csv-stringify/sync";
import { type Context, Hono } from "hono";
import { drawStates } from "shopflow/offers/ledger/mod.ts";
import { trialsIn } from "shopflow/offers/mod.ts";
import { HttpProblem } from "../../problems.ts";
import { renderOffersIndex } from "./index.tsx";
import type { OffersReader } from "./reader.ts";
import { renderRoi } from "./roi.tsx";
import { renderTrial } from "./trial.tsx";

/** Pages: the ledger of offers, a trial, and the return of a lower lapsed share. None needs a script. */
export function offerPages(reader: OffersReader): Hono {
  const page = (c: Context, html: string, status: 200 | 400 = 200) => {
    c.header("cache-control", "no-cache");
    c.header("content-security-policy", POLICY);
    return c.html(html, status);
  };
  /** All events of the ledger. @throws {HttpProblem} 404 when there is no such trial. */
  const existingTrial = async (trial: string) => {
    const events = await reader.events();
    if (trialsIn(events).includes(trial)) return events;
    throw new HttpProblem(404, "trial_not_found", "There is no such trial", {
      found: trial,
      remedy: "The trials with their lists are at /offers.",
    });
  };
  return new Hono()
    .get("/offers", async (c) => {
      const [events, business] = await Promise.all([reader.events(), reader.business()]);
      // Before the first list a shop may have no orders, and nothing waits for an outcome.
      const dataUntil = events.length === 0 ? undefined : await reader.dataUntil();
      return page(c, renderOffersIndex({ states: drawStates(events), business, dataUntil }));
    })
    .get("/offers/:trial", async (c) => {
      const trial = c.req.param("trial");
      const events = await existingTrial(trial);
      const [results, business] = await Promise.all([reader.results(trial), reader.business()]);
      const states = drawStates(events).filter(({ draw }) => draw.request.trial === trial);
      return page(c, await renderTrial({ trial, states, results, business }));
    })
    .get("/offers/:trial/outcomes.csv", async (c) => {
      const trial = c.req.param("trial");
      const results = await existingTrial(trial) && await reader.results(trial);
      c.header("cache-control", "no-cache");
      c.header("content-type", "text/csv; charset=utf-8");
      c.header("content-disposition", `attachment; filename="${trial}_outcomes.csv"`);
      return c.body(stringify([...results?.rows ?? []], { header: true }));
    })
    .get("/roi", async (c) => {
      const [defaults, business] = await Promise.all([reader.roiDefaults(), reader.business()]);
      const { html, isValid } = await renderRoi(c.req.query(), defaults, business);
      return page(c, html, isValid ? 200 : 400);
    });
}

/** Forms lead to this server; nothing else is loaded. */
const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");
