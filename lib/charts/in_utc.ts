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
