import prettyBytes from "pretty-bytes";

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

/** A time for people, in UTC: `2 October 2024, 06:30 UTC`. */
export function formatTime(iso: string): string {
  const at = new Date(iso);
  return `${DAY.format(at)}, ${at.toISOString().slice(11, 16)} UTC`;
}

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });

/** A time in a column of a terminal, to the second in UTC: `2024-10-02 06:30:00Z`. */
export const formatTimestamp = (iso: string): string =>
  `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")}Z`;

/** A size for people, in binary units: `1.2 MiB`. */
export const formatBytes = (bytes: number): string => prettyBytes(bytes, { binary: true });

/** A whole number for people: `12,345`. */
export const formatCount = (count: number): string => COUNTS.format(count);

/** Made once: `toLocaleString` makes one at each call, which took most of the time of a million reasons. */
const COUNTS = new Intl.NumberFormat("en-US");

/** `1 file`, `2 files`. */
export const countOf = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as HTML that shows it, also inside of quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
