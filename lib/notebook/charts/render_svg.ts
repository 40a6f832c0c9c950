import { type Loader, type LoggerInterface, type Mark, parse, type Spec as VegaSpec, View } from "vega";
import { InputError } from "shopflow/errors/mod.ts";
import { expressionInterpreter } from "vega-interpreter";
import { compile, type Config, type TopLevelSpec } from "vega-lite";
import { inUtc } from "./utc.ts";
import { labelAngle, NARROW_LABELS, useTextWidth, withNarrowLabels, withWrappedTitle } from "./layout.ts";
import { DEFAULT_WIDTH, THEME } from "./theme.ts";

/** Marks of Vega-Lite 6; an unknown one would surface as a TypeError deep in its compiler. */
const MARKS = [
  "arc",
  "area",
  "bar",
  "boxplot",
  "circle",
  "errorband",
  "errorbar",
  "geoshape",
  "image",
  "line",
  "point",
  "rect",
  "rule",
  "square",
  "text",
  "tick",
  "trail",
];
/** Where a specification holds further ones. */
const NESTED = ["layer", "concat", "hconcat", "vconcat", "spec"];

/** What is wrong with the marks of a specification and its parts, in words; empty when nothing is. */
function findWrongMarks(spec: object): string[] {
  const here = spec as Record<string, unknown>;
  const found = NESTED.flatMap((key) => [here[key]].flat())
    .filter((part): part is object => typeof part === "object" && part !== null)
    .flatMap(findWrongMarks);
  if (here.mark === undefined) return found;
  const mark = typeof here.mark === "string" ? here.mark : (here.mark as { type?: unknown } | null)?.type;
  if (MARKS.includes(mark as string)) return found;
  return [`mark ${JSON.stringify(mark)}, which is none of ${MARKS.join(", ")}`, ...found];
}

/**
 * Whether a warning of Vega or Vega-Lite means that the chart lacks what was asked for. An "infinite extent" does
 * not: it only says that there is no data, as in a shop without events.
 */
function isDefect(warning: string): boolean {
  return /not a valid|^invalid|loading failed|is not loaded|is not allowed/i.test(warning);
}

/**
 * The specification with marks that nothing describes, such as a rule at a target, hidden from screen readers: Vega
 * would announce each as a graphics symbol without a name.
 */
function hideNamelessMarks<T extends Pick<VegaSpec, "marks">>(spec: T): T {
  if (spec.marks === undefined) return spec;
  return { ...spec, marks: spec.marks.map(hidden) };
}

function hidden(mark: Mark): Mark {
  if (mark.type === "group") return hideNamelessMarks(mark);
  const described = Object.values(mark.encode ?? {}).some((set) => set !== undefined && "description" in set);
  if (described || mark.type === "text" || mark.aria !== undefined || mark.description !== undefined) {
    return mark;
  }
  return { ...mark, aria: false };
}

useTextWidth();

/** What of a chart may be chosen when it is drawn. */
interface SvgOptions {
  /** Pixels of the whole drawing's width, instead of the specification's own; for charts of a single view. */
  width?: number;
}

/** A chart twice: as it looks, and what a browser needs to draw it again with tooltips and selections. */
export interface DrawnChart {
  svg: string;
  /** Vega's specification, with theme and data, for [Vega's runtime](https://vega.github.io/vega/docs/api/parser/). */
  vega: VegaSpec;
}

/**
 * Draws a Vega-Lite specification as an SVG with our theme; no canvas, browser or network is used, so its data must
 * be in the specification. Settings of its own `config` win over the theme.
 *
 * @throws {InputError} when the specification is not valid or wants data from elsewhere.
 */
export async function renderSvg(spec: TopLevelSpec, options: SvgOptions = {}): Promise<string> {
  return (await drawChart(spec, options)).svg;
}

/**
 * Draws as {@linkcode renderSvg} does, and gives the compiled specification too.
 *
 * @throws {InputError} when the specification is not valid or wants data from elsewhere.
 */
export async function drawChart(spec: TopLevelSpec, options: SvgOptions = {}): Promise<DrawnChart> {
  const defects = findWrongMarks(spec);
  if (defects.length > 0) throw refused(defects.join("; "));
  const logger = collectDefects(defects);
  let svg: string;
  let vega: VegaSpec;
  try {
    // A copy, since Vega writes into the rows that it draws.
    const own = withWrappedTitle(structuredClone(sized(spec, options)), options.width ?? DEFAULT_WIDTH);
    vega = hideNamelessMarks(inUtc(compile(own, { config: themeFor(spec, options), logger }).spec));
    // Expressions come from notebooks: they are interpreted, never turned into code of this process.
    const runtime = parse(structuredClone(vega), undefined, { ast: true } as object);
    const view = new View(runtime, {
      renderer: "none",
      loader: LOADER,
      logger,
      expr: expressionInterpreter,
    });
    svg = await view.toSVG();
    view.finalize();
  } catch (cause) {
    throw refused(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (defects.length > 0) throw refused(defects.join("; "));
  return { svg, vega };
}

/** Below this width, axes and legends need the space of the plot. */
const NARROW = 420;
/** Pixels that axis and legend take beside a plot, about. */
const BESIDE = 80;

function themeFor(spec: TopLevelSpec, { width }: SvgOptions): Config {
  const angle = labelAngle(spec, width === undefined ? DEFAULT_WIDTH : width - BESIDE);
  const axisXDiscrete = { ...THEME.axisXDiscrete, labelAngle: angle };
  if (width === undefined || width >= NARROW) return { ...THEME, axisXDiscrete };
  return {
    ...THEME,
    axisXQuantitative: { tickCount: 4 },
    axisXTemporal: { tickCount: 4 },
    axisXDiscrete: { ...axisXDiscrete, labelLimit: 110 },
    axisYDiscrete: { labelLimit: NARROW_LABELS },
    legend: { ...THEME.legend, orient: "bottom", columns: 2 },
  };
}

/** `width: "container"` has no meaning without a page; then the theme's width is taken. */
function sized(spec: TopLevelSpec, { width }: SvgOptions): TopLevelSpec {
  if (width !== undefined) {
    // "fit-x": axes and legends are part of the width; heights may be steps, which do not fit.
    const fitted = { ...spec, width, autosize: { type: "fit-x", contains: "padding" } } as TopLevelSpec;
    return width < NARROW ? withNarrowLabels(fitted) : fitted;
  }
  if (!("width" in spec) || spec.width !== "container") return spec;
  const { width: _, ...rest } = spec;
  return rest as TopLevelSpec;
}

function refused(found: string, cause?: unknown): InputError {
  return new InputError("A chart cannot be drawn", {
    expected: "a valid Vega-Lite specification with its data inside",
    found,
    remedy: "Try it in the Vega editor; rows go to `data: { values }`.",
    cause,
  });
}

function collectDefects(defects: string[]): LoggerInterface {
  const keep = (...words: readonly unknown[]) => {
    const text = words.map(String).join(" ");
    if (isDefect(text)) defects.push(text);
    return logger;
  };
  const logger = {
    level: () => logger,
    error: (...words: readonly unknown[]) => {
      defects.push(words.map(String).join(" "));
      return logger;
    },
    warn: keep,
    info: () => logger,
    debug: () => logger,
  } as LoggerInterface;
  return logger;
}

/** Whether an address is a path of the server that shows the chart; any other link is dropped from charts. */
export const isOwnPath = (address: string): boolean => /^\/(?![/\\])[^\\\s\p{C}]*$/u.test(address);

/** Nothing is fetched: a chart is drawn from what its notebook had. */
const LOADER: Loader = {
  load: (uri) => Promise.reject(new Error(`data from ${uri} is not loaded`)),
  // Vega would let a link that is refused end the process.
  sanitize: (uri, { context }: { context?: string } = {}) =>
    context === "href"
      ? Promise.resolve({ href: isOwnPath(uri) ? uri : "" })
      : Promise.reject(new Error(`a picture from ${uri} is not loaded`)),
  http: (uri) => Promise.reject(new Error(`data from ${uri} is not loaded`)),
  file: (path) => Promise.reject(new Error(`data from ${path} is not loaded`)),
};
