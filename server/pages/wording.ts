import { formatCount } from "shopflow/runtime/mod.ts";
/** How long ago, in the largest unit of which there are at least two: "5 minutes", "30 hours", "12 days". */
export function formatAge(seconds: number): string {
  if (seconds < 60) return "less than a minute";
  const units: [string, number][] = [["day", 86_400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size) ?? ["minute", 60];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** A count with separators, any other number with three decimals. */
export function formatMetric(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : value.toFixed(3);
}

/** `ndcg_at_10` as "NDCG at 10". */
export function metricName(name: string): string {
  return titled(name).replace(/\b(auc|ndcg)\b/gi, (word) => word.toUpperCase());
}

/** `score_customers` as "Score customers". */
export function titled(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
