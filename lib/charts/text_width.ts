/**
 * Widths of texts where no canvas can measure them. Vega's own guess (0.8 em a character) is half as wide again as
 * text really is, which cuts labels that would fit and leaves wide margins.
 */
import * as vega from "vega";

/** What Vega lets its embedders replace, though its types do not say so. */
interface TextMetrics {
  width(item: { fontSize?: number; limit?: number }, line: unknown): number;
}

/** Widths in em, those of sans-serif fonts with a margin for the wider ones. */
const NARROW = 0.34, MIDDLE = 0.6, WIDE = 0.74, WIDEST = 0.98;

/** Approximate width in pixels of a text in a sans-serif font. */
export function textWidth(text: string, fontSize: number): number {
  let em = 0;
  for (const character of text) {
    if (/[\sijltfrI.,:;'"|!()[\]/-]/.test(character)) em += NARROW;
    else if (/[mwMW@%]/.test(character)) em += WIDEST;
    else if (/[A-Z]/.test(character) || character > "\u2e80") em += WIDE;
    else em += MIDDLE;
  }
  return em * fontSize;
}

/** Makes Vega use {@linkcode textWidth} from now on. */
export function useTextWidth(): void {
  const { textMetrics } = vega as unknown as { textMetrics: TextMetrics };
  textMetrics.width = ({ fontSize = 11, limit }, line) => {
    const width = textWidth(String(line ?? "").trim(), fontSize);
    // A longer text is cut at its limit when it is drawn.
    return limit ? Math.min(width, limit) : width;
  };
}
