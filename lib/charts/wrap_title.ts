import type { TopLevelSpec } from "vega-lite";
import { textWidth } from "./text_width.ts";

const TITLE_SIZE = 15, SUBTITLE_SIZE = 12;
/** Pixels kept free, since fonts differ. */
const MARGIN = 24;

/** The specification with title and subtitle broken into lines, since Vega would let them run out of the chart. */
export function withWrappedTitle(spec: TopLevelSpec, width: number): TopLevelSpec {
  const { title } = spec;
  const room = width - MARGIN;
  if (typeof title === "string") return { ...spec, title: wrap(title, TITLE_SIZE, room) };
  if (typeof title !== "object" || Array.isArray(title) || title === null) return spec;
  const { text, subtitle } = title;
  return {
    ...spec,
    title: {
      ...title,
      ...(typeof text === "string" && { text: wrap(text, TITLE_SIZE, room) }),
      ...(typeof subtitle === "string" && { subtitle: wrap(subtitle, SUBTITLE_SIZE, room) }),
    },
  };
}

function wrap(text: string, fontSize: number, width: number): string | string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer, fontSize) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.length === 1 ? lines[0]! : lines;
}
