import { type Context, Hono } from "hono";
import type { TopLevelSpec } from "vega-lite";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  bestFirst,
  compareTrials,
  learningCurves,
  listExperiments,
  listTrials,
  namesOf,
  parallelCoordinates,
  type Trial,
  type TrialCache,
  usualDirection,
} from "shopflow/ml/experiments/mod.ts";
import { renderSvg } from "shopflow/notebook/charts/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { HttpProblem } from "../../problems.ts";
import { LIVE_POLICY } from "../live_script.ts";
import { pageNumber } from "../reports/frame.tsx";
import { filterTrials, parseSort, renderExperiment } from "./experiment.tsx";
import { experimentPath, type Picture } from "./frame.tsx";
import { renderExperimentsIndex } from "./index.tsx";
import { renderTrial, renderTrialComparison } from "./trials.tsx";

interface ExperimentRouteOptions {
  store: ObjectStore;
  runtime: Runtime;
}

/** Pictures that stay, so that a page which nothing happened to is not drawn again. */
const KEPT_PICTURES = 50;
/** Curves on the page of a trial. */
const MOST_CURVES = 4;
/** Trials that are compared at once. */
const MOST_COMPARED = 8;

/** The pages of experiments: all of them, one with its trials, a trial, and several beside each other. */
export function experimentRoutes({ store, runtime }: ExperimentRouteOptions): Hono {
  const cache: TrialCache = new Map();
  const draw = keptPictures();

  /** @throws {HttpProblem} 404 when there is no such experiment. */
  async function trialsOf(name: string): Promise<{ trials: Trial[]; damaged: number }> {
    let damaged = 0;
    const trials = await listTrials(store, name, {
      cache,
      onDamaged({ message }) {
        damaged++;
        runtime.log.warn(message);
      },
    });
    if (trials.length > 0 || damaged > 0) return { trials, damaged };
    throw new HttpProblem(404, "experiment_not_found", "There is no such experiment", {
      found: name,
      remedy: "All experiments are at /experiments.",
    });
  }

  /** @throws {HttpProblem} 404 when there is no such trial. */
  function existingTrial(trials: readonly Trial[], id: string): Trial {
    const trial = trials.find((trial) => trial.id === id);
    if (trial !== undefined) return trial;
    throw new HttpProblem(404, "trial_not_found", "There is no such trial in this experiment", { found: id });
  }

  function page(c: Context, html: string) {
    c.header("content-security-policy", LIVE_POLICY);
    c.header("cache-control", "no-cache");
    return c.html(html);
  }

  async function experimentPage(c: Context, name: string) {
    const { trials, damaged } = await trialsOf(name);
    const { where = "", by, sort } = c.req.query();
    const view = {
      where: where.slice(0, 500),
      by,
      ...parseSort(sort),
      page: pageNumber(c.req.query("page")),
    };
    const { chosen, problem } = filterTrials(trials, view);
    const metrics = namesOf(trials, "metrics");
    const metric = by !== undefined && metrics.includes(by) ? by : leadingMetric(chosen, metrics);
    const direction = usualDirection(metric ?? "");
    const ranked = metric === undefined ? [] : bestFirst(chosen, metric, direction);
    const picture = ranked.length < 2 || metric === undefined
      ? undefined
      : await draw((axes) => parallelCoordinates(ranked, { metric, direction, axes }));
    return page(
      c,
      renderExperiment({
        name,
        trials,
        chosen,
        problem,
        damaged,
        view,
        metric,
        direction,
        best: ranked[0],
        picture,
      }),
    );
  }

  async function trialPage(c: Context, name: string, id: string) {
    const trial = existingTrial((await trialsOf(name)).trials, id);
    const curves = (trial.steps?.length ?? 0) > 1 ? Object.keys(trial.metrics).slice(0, MOST_CURVES) : [];
    const pictures = await Promise.all(
      curves.map((metric) => draw(() => learningCurves([trial], { metric, height: 220 }))),
    );
    return page(c, renderTrial(trial, pictures));
  }

  /** @throws {HttpProblem} 400 when not two or more trials are named. */
  async function comparisonPage(c: Context, name: string) {
    const { trials } = await trialsOf(name);
    const ids = c.req.queries("trial") ?? [];
    if (ids.length < 2 || ids.length > MOST_COMPARED) {
      throw new HttpProblem(400, "trials_missing", "Trials to compare are missing", {
        expected: `2 to ${MOST_COMPARED} trials`,
        found: String(ids.length),
        remedy: `Mark them at ${experimentPath(name)}.`,
      });
    }
    const [first, ...others] = ids.map((id) => existingTrial(trials, id)) as [Trial, ...Trial[]];
    const compared = await Promise.all(others.map((other) => compareTrials(store, other, first)));
    return page(c, renderTrialComparison({ experiment: name, trials: [first, ...others], compared }));
  }

  return new Hono()
    .get("/experiments", async (c) => page(c, renderExperimentsIndex(await listExperiments(store))))
    .get("/experiments/:name", (c) => experimentPage(c, c.req.param("name")))
    .get("/experiments/:name/compare", (c) => comparisonPage(c, c.req.param("name")))
    .get("/experiments/:name/trials/:trial", (c) => trialPage(c, c.req.param("name"), c.req.param("trial")));
}

/** The metric that most of the trials have; of those the one that looks like what people judge by. */
function leadingMetric(trials: readonly Trial[], metrics: readonly string[]): string | undefined {
  const count = (name: string) => trials.filter((trial) => Object.hasOwn(trial.metrics, name)).length;
  const weight = (name: string) => count(name) + (/^(active_)?auc$|ndcg/i.test(name) ? 0.5 : 0);
  return metrics.toSorted((a, b) => weight(b) - weight(a))[0];
}

/** Draws for wide and narrow screens, and keeps what was drawn of the same values. */
function keptPictures() {
  const kept = new Map<string, Promise<Picture>>();
  return (specOf: (axes: number) => TopLevelSpec): Promise<Picture> => {
    const [wide, narrow] = [specOf(8), specOf(4)];
    const key = JSON.stringify([wide, narrow]);
    const known = kept.get(key);
    if (known !== undefined) return known;
    const drawing = (async () => ({
      wide: await renderSvg(wide, { width: 1090 }),
      narrow: await renderSvg(narrow, { width: 345 }),
      label: wide.description ?? "",
    }))();
    kept.set(key, drawing);
    drawing.catch(() => kept.delete(key));
    if (kept.size > KEPT_PICTURES) kept.delete(kept.keys().next().value!);
    return drawing;
  };
}
