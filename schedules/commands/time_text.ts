/** Times and durations as people at a terminal read them. */

/** `2025-03-24 06:00`, with seconds where there are some; UTC. */
export function utcText(time: string | Date): string {
  const iso = new Date(time).toISOString();
  return iso.slice(0, iso.slice(17, 19) === "00" ? 16 : 19).replace("T", " ");
}

/** `Mon 07:00 Europe/Berlin`. */
export function zoneText(time: string | Date, timeZone: string): string {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
  return `${format.format(new Date(time)).replace(", ", " ")} ${timeZone}`;
}

/** `0.4 s`, `12 s`, `4 min 12 s`, `1 h 5 min`, `2 d 3 h`. */
export function durationText(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  if (seconds < 3599.5) return inTwo(Math.round(seconds), 60, "min", "s");
  if (seconds < 86_370) return inTwo(Math.round(seconds / 60), 60, "h", "min");
  return inTwo(Math.round(seconds / 3600), 24, "d", "h");
}

function inTwo(count: number, size: number, big: string, small: string): string {
  const rest = count % size;
  return `${Math.floor(count / size)} ${big}${rest > 0 ? ` ${rest} ${small}` : ""}`;
}
