/** Pictures of trials: parallel coordinates (Inselberg 1985), and curves of metrics that were logged step by step. */
import type { TopLevelSpec } from "vega-lite";
import {
  bestFirst,
  type Direction,
  fieldValue,
  numberText,
  usualDirection,
  varyingParameters,
} from "./select.ts";
import type { ParameterValue, Trial } from "./trial.ts";

/** Choices of a picture. */
interface PictureOptions {
  /** The metric at the right end. */
  metric: string;
  direction?: Direction;
  /** Most axes, the metric among them; default 8. Of more parameters the first by name are drawn. */
  axes?: number;
  height?: number;
}

/** More lines are unreadable, so only the best are drawn. */
const MOST_LINES = 200;
/** Share of the lines that are highlighted. */
const HIGHLIGHTED = 0.1;
/** Where values that a trial does not have are, below the axes. */
const MISSING = -0.14;
/** Ends of an axis whose values span more than so many times the smallest are logarithmic. */
const LOGARITHMIC_FROM = 50;

/** Characters of a text, and of one in a picture of few axes, which is drawn narrow. */
const LONGEST_TEXT = 18, LONGEST_NARROW_TEXT = 11;
const FEW_AXES = 4;

interface Axis {
  title: string;
  position(trial: Trial): number;
  ticks: { at: number; text: string }[];
}

/**
 * A Vega-Lite specification with the trials as lines: their varying parameters and, at the right, the metric, whose best
 * tenth is highlighted. In notebooks: `plotTrials`.
 */
export function parallelCoordinates(
  trials: readonly Trial[],
  { metric, direction = usualDirection(metric), axes: mostAxes = 8, height = 320 }: PictureOptions,
): TopLevelSpec {
  const drawn = bestFirst(trials, metric, direction).slice(0, MOST_LINES);
  const parameters = varyingParameters(drawn).slice(0, Math.max(1, mostAxes - 1));
  const most = mostAxes <= FEW_AXES ? LONGEST_NARROW_TEXT : LONGEST_TEXT;
  const axes = [
    ...parameters.map((name) =>
      axisOf(drawn, name, (trial) => fieldValue(trial, { kind: "parameters", name }), most)
    ),
    axisOf(drawn, metric, ({ metrics }) => metrics[metric], most),
  ];
  const highlighted = Math.max(1, Math.floor(drawn.length * HIGHLIGHTED));
  const lines = drawn.flatMap((trial, rank) =>
    axes.map((axis, x) => ({ x, y: axis.position(trial), trial: trial.id, best: rank < highlighted }))
  );
  const ticks = axes.flatMap(({ ticks }, x) => ticks.map(({ at, text }) => ({ x, y: at, text })));
  const titles = axes.map(({ title }, x) => ({ x, y: 1.13, text: shortened(title, most) }));
  const last = axes.length - 1;
  const x = {
    field: "x",
    type: "quantitative" as const,
    axis: null,
    // Room for the texts at both ends.
    scale: { domain: [-0.35, Math.max(last, 1) + 0.45], nice: false, zero: false },
  };
  const y = {
    field: "y",
    type: "quantitative" as const,
    axis: null,
    scale: {
      domain: [lines.some(({ y }) => y === MISSING) ? MISSING - 0.06 : -0.05, 1.2],
      nice: false,
      zero: false,
    },
  };
  const line = (best: boolean, opacity: number, width: number) => ({
    data: { values: lines.filter((one) => one.best === best) },
    mark: {
      type: "line" as const,
      opacity,
      strokeWidth: width,
      color: best ? "#4477AA" : "#7d8894",
      // The description says what there is to say; Vega would announce each line by its coordinates.
      aria: false,
    },
    encoding: { x, y, detail: { field: "trial", type: "nominal" as const } },
  });
  return {
    description: pictureText(trials, drawn, { metric, direction, axes: axes.map(({ title }) => title) }),
    height,
    layer: [
      {
        data: { values: axes.map((_, at) => ({ x: at, y: 0, end: 1 })) },
        mark: { type: "rule", opacity: 0.5, aria: false },
        encoding: { x, y, y2: { field: "end" } },
      },
      line(false, 0.35, 1.25),
      line(true, 0.95, 2.25),
      {
        data: { values: ticks },
        mark: { type: "text", aria: false, align: "left", dx: 5, fontSize: 12, opacity: 0.85 },
        encoding: { x, y, text: { field: "text", type: "nominal" } },
      },
      {
        data: { values: titles },
        mark: { type: "text", aria: false, align: "center", fontSize: 12, fontWeight: 600 },
        encoding: { x, y, text: { field: "text", type: "nominal" } },
      },
    ],
  };
}

/** What the picture shows, for those who don't see it. */
function pictureText(
  trials: readonly Trial[],
  drawn: readonly Trial[],
  { metric, direction, axes }: { metric: string; direction: Direction; axes: string[] },
): string {
  const [best] = drawn;
  if (best === undefined) return `No trial has the metric ${metric}`;
  const rest = trials.length > drawn.length ? ` of ${trials.length}` : "";
  return `${drawn.length}${rest} trials through ${axes.join(", ")}; ${direction} ${metric}: ${
    numberText(best.metrics[metric]!)
  }, trial ${best.id}`;
}

function axisOf(
  trials: readonly Trial[],
  title: string,
  valueOf: (trial: Trial) => ParameterValue | undefined,
  most: number,
): Axis {
  const values = trials.map(valueOf).filter((value) => value !== undefined);
  const lacks = values.length < trials.length ? [{ at: MISSING, text: "none" }] : [];
  const numbers = values.filter((value) => typeof value === "number");
  const axis = numbers.length === values.length
    ? numericAxis(numbers)
    : categoricalAxis(values.map(String), most);
  return {
    title: axis.isLogarithmic ? `${title} (log)` : title,
    position: (trial) => {
      const value = valueOf(trial);
      return value === undefined ? MISSING : axis.position(value);
    },
    ticks: [...axis.ticks, ...lacks],
  };
}

function numericAxis(numbers: number[]) {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const isLogarithmic = low > 0 && high / low > LOGARITHMIC_FROM;
  const scaled = (value: number) => isLogarithmic ? Math.log(value) : value;
  const span = scaled(high) - scaled(low);
  const position = (value: ParameterValue) => span === 0 ? 0.5 : (scaled(Number(value)) - scaled(low)) / span;
  const distinct = [...new Set(numbers)].sort((a, b) => a - b);
  const between = [0, 0.25, 0.5, 0.75, 1].map((part) =>
    isLogarithmic ? Math.exp(Math.log(low) + part * span) : low + part * span
  );
  const shown = distinct.length <= 6 ? distinct : between;
  return {
    isLogarithmic,
    position,
    ticks: spread(
      shown.map((value) => ({ at: position(value), text: numberText(Number(value.toPrecision(3))) })),
    ),
  };
}

function categoricalAxis(texts: string[], most: number) {
  const distinct = [...new Set(texts)].sort();
  const position = (value: ParameterValue) =>
    distinct.length === 1 ? 0.5 : distinct.indexOf(String(value)) / (distinct.length - 1);
  return {
    isLogarithmic: false,
    position,
    ticks: spread(distinct.map((text) => ({ at: position(text), text: shortened(text, most) }))),
  };
}

/** Without ticks that would stand on the one below. */
function spread(ticks: { at: number; text: string }[]) {
  let last = -Infinity;
  return ticks.filter(({ at }) => {
    if (at - last < 0.06) return false;
    last = at;
    return true;
  });
}

/** Curves that get a colour and a name of their own. */
const MOST_NAMED = 6;

/**
 * A Vega-Lite specification with a metric by step, a line a trial that was logged step by step. The best are named by
 * what distinguishes them.
 */
export function learningCurves(
  trials: readonly Trial[],
  { metric, direction = usualDirection(metric), height = 300 }: Omit<PictureOptions, "axes">,
): TopLevelSpec {
  const drawn = bestFirst(trials.filter(({ steps }) => steps !== undefined), metric, direction).slice(
    0,
    MOST_LINES,
  );
  const varying = varyingParameters(drawn);
  const nameOf = ({ id, parameters }: Trial) =>
    [
      id,
      ...varying.slice(0, 3).flatMap((name) =>
        Object.hasOwn(parameters, name) ? [`${shortened(name)} ${shortened(String(parameters[name]))}`] : []
      ),
    ].join(", ");
  const values = drawn.flatMap((trial, rank) =>
    trial.steps!.flatMap(({ step, metrics }) =>
      Object.hasOwn(metrics, metric)
        ? [{ step, value: metrics[metric]!, trial: nameOf(trial), named: rank < MOST_NAMED }]
        : []
    )
  );
  const x = { field: "step", type: "quantitative" as const, title: "step" };
  const y = { field: "value", type: "quantitative" as const, title: metric, scale: { zero: false } };
  return {
    description: `${metric} by step of ${drawn.length} trials`,
    height,
    layer: [
      {
        data: { values: values.filter(({ named }) => !named) },
        mark: { type: "line", color: "#7d8894", opacity: 0.35, strokeWidth: 1.25 },
        encoding: { x, y, detail: { field: "trial", type: "nominal" } },
      },
      {
        data: { values: values.filter(({ named }) => named) },
        mark: { type: "line", point: values.length < 200 },
        encoding: {
          x,
          y,
          color: {
            field: "trial",
            type: "nominal",
            title: null,
            legend: { orient: "bottom", columns: 1, labelLimit: 600 },
          },
        },
      },
    ],
  };
}

const shortened = (text: string, most = LONGEST_TEXT) =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;
