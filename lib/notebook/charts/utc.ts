import type { Spec as VegaSpec } from "vega";

/** Functions of Vega's expressions that count in the reader's time zone, with those that count in UTC. */
const FUNCTIONS: Record<string, string> = {
  timeFormat: "utcFormat",
  timeOffset: "utcOffset",
  timeSequence: "utcSequence",
};

/**
 * The specification with its times in UTC, as the lake has them: a chart must not move a month when its reader, or
 * the machine that draws it, lives west of Greenwich.
 */
export function inUtc(spec: VegaSpec): VegaSpec {
  return converted(spec) as VegaSpec;
}

function converted(value: unknown, key = ""): unknown {
  // Rows stay as they are; they are many, and not ours to read.
  if (key === "values") return value;
  if (typeof value === "string") {
    return value.replace(/\b(timeFormat|timeOffset|timeSequence)\(/g, (_, name) => `${FUNCTIONS[name]}(`);
  }
  if (Array.isArray(value)) return value.map((item) => converted(item));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => [name, converted(item, name)] as const);
  const changed = Object.fromEntries(entries);
  if (changed.type === "time") changed.type = "utc";
  if (changed.formatType === "time") changed.formatType = "utc";
  if (changed.type === "timeunit") changed.timezone ??= "utc";
  return changed;
}

/** Channels whose values go through a scale. */
const SCALED = [
  "x",
  "y",
  "xOffset",
  "yOffset",
  "color",
  "fill",
  "stroke",
  "size",
  "opacity",
  "fillOpacity",
  "strokeOpacity",
  "theta",
  "radius",
];
/** Where a specification holds further ones. */
const NESTED = ["layer", "concat", "hconcat", "vconcat", "spec"];

type Part = Record<string, unknown>;

/**
 * The Vega-Lite specification with its times in UTC, for programs that draw it themselves, such as JupyterLab in a
 * browser west of Greenwich, which would show the first of a month as the last day of the one before.
 */
export function withUtcEncodings<T extends object>(spec: T): T {
  const changed = { ...spec } as Part;
  for (const key of NESTED) {
    const part = changed[key];
    if (Array.isArray(part)) changed[key] = part.map((each) => isPart(each) ? withUtcEncodings(each) : each);
    else if (isPart(part)) changed[key] = withUtcEncodings(part);
  }
  if (isPart(changed.encoding)) {
    const channels = Object.entries(changed.encoding).map(([name, channel]) => [
      name,
      isPart(channel) ? shownInUtc(channel, SCALED.includes(name)) : channel,
    ]);
    changed.encoding = Object.fromEntries(channels);
  }
  return changed as T;
}

function shownInUtc(channel: Part, scaled: boolean): Part {
  const { timeUnit, scale, type } = channel;
  if (typeof timeUnit === "string") return { ...channel, timeUnit: utcUnit(timeUnit) };
  if (isPart(timeUnit)) return { ...channel, timeUnit: { ...timeUnit, utc: true } };
  if (!scaled || type !== "temporal" || scale === null) return channel;
  return { ...channel, scale: { type: "utc", ...(isPart(scale) && scale) } };
}

/** `yearmonth` as `utcyearmonth`, `binnedyearmonth` as `binnedutcyearmonth`. */
const utcUnit = (unit: string) => /^(binned)?utc/.test(unit) ? unit : unit.replace(/^(binned)?/, "$1utc");

const isPart = (value: unknown): value is Part =>
  typeof value === "object" && value !== null && !Array.isArray(value);
