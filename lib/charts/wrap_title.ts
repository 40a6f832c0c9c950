import type { TopLevelSpec } from "vega-lite";

/** Mean widths of a character, in pixels, at the theme's sizes of title and subtitle. */
const TITLE_CHARACTER = 8.2, SUBTITLE_CHARACTER = 6.3;
const DEFAULT_WIDTH = 620;

/** The specification with title and subtitle broken into lines, since Vega would let them run out of the chart. */
export function withWrappedTitle(spec: TopLevelSpec, width: number = DEFAULT_WIDTH): TopLevelSpec {
  const { title } = spec;
  if (typeof title === "string") {
    return { ...spec, title: wrap(title, width / TITLE_CHARACTER) };
  }
  if (typeof title !== "object" || Array.isArray(title) || title === null) return spec;
  const { text, subtitle } = title;
  return {
    ...spec,
    title: {
      ...title,
      ...(typeof text === "string" && { text: wrap(text, width / TITLE_CHARACTER) }),
      ...(typeof subtitle === "string" && { subtitle: wrap(subtitle, width / SUBTITLE_CHARACTER) }),
    },
  };
}

function wrap(text: string, characters: number): string | string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= characters) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines.length === 1 ? lines[0]! : lines;
}
