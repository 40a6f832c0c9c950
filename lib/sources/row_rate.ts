/** How much was copied and how fast, e.g. `25,900 rows, 3.1 MB, 310,000 rows/s`. */
export function rowRate(rows: number, milliseconds: number, bytes?: number): string {
  const count = `${rows.toLocaleString("en-US")} rows`;
  if (rows === 0) return count;
  const perSecond = Number((rows / Math.max(milliseconds, 1) * 1000).toPrecision(2));
  const size = bytes === undefined ? "" : `, ${(bytes / 1e6).toFixed(1)} MB`;
  return `${count}${size}, ${perSecond.toLocaleString("en-US")} rows/s`;
}
