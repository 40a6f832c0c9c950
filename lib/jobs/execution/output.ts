import { formatCount } from "shopflow/runtime/mod.ts";
import { stripVTControlCharacters } from "node:util";

/** Of a longer line the rest is counted, not kept, in characters. */
export const LONGEST_LINE = 10_000;
/** So much is held before it is masked and cut, so that no secret is cut in two. */
const HELD = 2 * LONGEST_LINE;

interface LineSplitter {
  /** Takes the next bytes of the output and returns the lines that they complete. */
  push(bytes: Uint8Array): string[];
  /** The last line where its line break is missing. */
  end(): string[];
}

/**
 * Cuts bytes into lines of text. What is no UTF-8 becomes `�`; colours, cursor movements and other control
 * characters are left out. However the bytes come, it holds no more than a line of bounded length.
 *
 * @param mask Is applied before a long line is cut.
 */
export function createLineSplitter(mask: (line: string) => string = (line) => line): LineSplitter {
  const decoder = new TextDecoder();
  let held = "";
  let beyond = 0;

  const finish = (): string => {
    const masked = mask(withoutControls(held));
    // Where not all was held, its last part may be the beginning of a secret: that is not among what stays.
    const length = beyond > 0 ? Math.min(LONGEST_LINE, Math.floor(masked.length / 2)) : LONGEST_LINE;
    const kept = masked.slice(0, length);
    const more = beyond + masked.length - kept.length;
    [held, beyond] = ["", 0];
    return more > 0 ? `${kept.toWellFormed()} … and ${formatCount(more)} characters more` : kept;
  };
  const take = (text: string) => {
    const room = HELD - held.length;
    held += text.length > room ? text.slice(0, room) : text;
    beyond += Math.max(0, text.length - room);
  };
  const split = (text: string): string[] => {
    const lines: string[] = [];
    let from = 0;
    for (let to = text.indexOf("\n"); to >= 0; to = text.indexOf("\n", from)) {
      take(text.slice(from, to));
      lines.push(finish());
      from = to + 1;
    }
    take(text.slice(from));
    return lines;
  };

  return {
    push: (bytes) => split(decoder.decode(bytes, { stream: true })),
    end() {
      const lines = split(decoder.decode());
      return held === "" && beyond === 0 ? lines : [...lines, finish()];
    },
  };
}

const HAS_CONTROLS = /[^\t\P{Cc}]/u;
const CONTROLS = /[^\t\P{Cc}]/gu;

function withoutControls(text: string): string {
  return HAS_CONTROLS.test(text) ? stripVTControlCharacters(text).replace(CONTROLS, "") : text;
}
