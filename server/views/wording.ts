/** `2026-03-01 06:30 UTC`. */
export function formatTime(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** How long ago, in the largest unit that fits: "5 minutes", "3 hours", "12 days". */
export function formatAge(seconds: number): string {
  if (seconds < 60) return "less than a minute";
  const units: [string, number][] = [["day", 86_400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = units.find(([, size]) => seconds >= 2 * size) ?? ["minute", 60];
  const count = Math.floor(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** A metric with three significant decimals, a count with separators. */
export function formatMetric(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString("en") : value.toFixed(3);
}

/** `recall_at_10` or `recallAt10` as "recall at 10". */
export function wordsOf(name: string): string {
  return name.replace(/([a-z])([A-Z0-9])/g, "$1 $2").replaceAll("_", " ").toLowerCase();
}
