/**
 * The value at an index that is known to be in range.
 *
 * @throws {RangeError} when it is not: a defect of the caller.
 */
export function valueAt<T>(values: ArrayLike<T>, index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`Index ${index} is out of range: ${values.length} values`);
  return value;
}

/** The arithmetic mean; NaN of no values. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += valueAt(values, i);
  return sum / values.length;
}
