/** Text that takes the place of a part of a source. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** A source with edits, or only the part of it from `start` to `end`; an edit within a larger one goes with it. */
export function applyEdits(
  source: string,
  edits: Edit[],
  { start = 0, end = source.length }: { start?: number | null; end?: number | null } = {},
): string {
  const ordered = edits.filter((edit) => edit.start >= start! && edit.end <= end!)
    .toSorted((a, b) => a.start - b.start || b.end - a.end);
  let result = "";
  let position = start!;
  for (const edit of ordered) {
    if (edit.start < position) continue;
    result += source.slice(position, edit.start) + edit.text;
    position = edit.end;
  }
  return result + source.slice(position, end!);
}
