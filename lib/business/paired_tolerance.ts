/**
 * What counts as no difference of two means over the same rows: `least`, or two standard errors of the difference
 * where the rows are too few to tell more finely.
 *
 * @param differences Of each row, the one's value less the other's.
 */
export function pairedTolerance(differences: readonly number[], least: number): number {
  const rows = differences.length;
  if (rows < 2) return Infinity;
  const mean = differences.reduce((sum, value) => sum + value, 0) / rows;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (rows - 1);
  return Math.max(least, 2 * Math.sqrt(variance / rows));
}
