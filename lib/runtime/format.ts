/** A length of time for people, in at most two units: `820 ms`, `4.2 s`, `40 s`, `3 min 5 s`, `2 h 10 min`, `2 d 3 h`. */
export function formatDuration(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (Math.round(ms) < 1000) return `${Math.round(ms)} ms`;
  // Rounded before the unit is chosen: 59.96 s are a minute, and no minute has 60 seconds.
  const tenths = Math.round(ms / 100);
  if (tenths < 100) return `${tenths / 10} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return inTwoUnits(seconds, 60, "min", "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return inTwoUnits(minutes, 60, "h", "min");
  return inTwoUnits(Math.round(minutes / 60), 24, "d", "h");
}

function inTwoUnits(count: number, size: number, large: string, small: string): string {
  const rest = count % size;
  return `${Math.floor(count / size)} ${large}${rest > 0 ? ` ${rest} ${small}` : ""}`;
}
