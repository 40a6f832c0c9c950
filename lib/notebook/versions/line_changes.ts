import { diffLines, diffWordsWithSpace } from "diff";

/** A piece of a line; `changed` where it differs from the line it stands for. */
export interface Segment {
  text: string;
  changed: boolean;
}

/** A line of two texts laid side by side. */
export interface LineChange {
  kind: "same" | "removed" | "added";
  segments: Segment[];
}

/** Below this share of common characters, lines were replaced rather than edited, and no words are marked. */
const EDITED = 0.4;

/** Texts with more edits between them are shown as replaced: the search takes time with the square of the edits. */
const MOST_EDITS = 2000;

/** The lines of both texts in order, and within lines that were edited the words that changed. */
export function lineChanges(before: string, after: string): LineChange[] {
  const texts = [withLineBreak(before), withLineBreak(after)] as const;
  const parts = diffLines(...texts, { maxEditLength: MOST_EDITS }) ??
    [{ value: texts[0], removed: true, added: false }, { value: texts[1], removed: false, added: true }];
  const changes: LineChange[] = [];
  for (let i = 0; i < parts.length; i++) {
    const { value, removed, added } = parts[i]!;
    const next = parts[i + 1];
    if (removed && next?.added) {
      changes.push(...editedLines(value, next.value));
      i++;
      continue;
    }
    const kind = removed ? "removed" : added ? "added" : "same";
    changes.push(...lines(kind, [{ text: value, changed: false }]));
  }
  return changes;
}

/** The lines that changed with `context` lines around them; what was left out between is one `undefined`. */
export function hunks(changes: LineChange[], context = 3): (LineChange | undefined)[] {
  const near = changes.map(() => false);
  changes.forEach(({ kind }, i) => {
    if (kind !== "same") near.fill(true, Math.max(0, i - context), i + context + 1);
  });
  return changes.flatMap((change, i) => near[i] ? [change] : i === 0 || near[i - 1] ? [undefined] : []);
}

function editedLines(before: string, after: string): LineChange[] {
  const words = diffWordsWithSpace(before, after, { maxEditLength: MOST_EDITS }) ??
    [{ value: before, removed: true, added: false }, { value: after, removed: false, added: true }];
  const common = words.reduce(
    (sum, { value, added, removed }) => added || removed ? sum : sum + value.length,
    0,
  );
  const edited = 2 * common >= EDITED * (before.length + after.length);
  const side = (kind: "removed" | "added") =>
    words.filter((part) => !part[kind === "removed" ? "added" : "removed"])
      .map((part) => ({ text: part.value, changed: edited && part[kind] === true }));
  return [...lines("removed", side("removed")), ...lines("added", side("added"))];
}

/** Cuts a text of segments into its lines. */
function lines(kind: LineChange["kind"], segments: Segment[]): LineChange[] {
  const found: LineChange[] = [{ kind, segments: [] }];
  for (const { text, changed } of segments) {
    text.split("\n").forEach((piece, i) => {
      if (i > 0) found.push({ kind, segments: [] });
      if (piece !== "") found.at(-1)!.segments.push({ text: piece, changed });
    });
  }
  // Every text ends with a line break, after which there is no line.
  return found.slice(0, -1);
}

const withLineBreak = (text: string) => text === "" || text.endsWith("\n") ? text : `${text}\n`;
