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
      isPart(channel) ? inUtc(channel, SCALED.includes(name)) : channel,
    ]);
    changed.encoding = Object.fromEntries(channels);
  }
  return changed as T;
}

function inUtc(channel: Part, scaled: boolean): Part {
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
