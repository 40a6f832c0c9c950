import { Buffer } from "node:buffer";

/** Consecutive lines that wait for the store. */
export interface LogBlock {
  /** Number of its first line. */
  first: number;
  /** Bytes of the lines before it. */
  offset: number;
  lines: number;
  bytes: number;
  text: string[];
  /** Nothing is added to it any more. */
  sealed: boolean;
  /** Whether what follows it is in the last part; set when it is stored for the first time. */
  more?: boolean;
}

/** The lines of a log that are not in the store yet: the first ones, and the last of those that follow them. */
export interface LogBlocks {
  /** Blocks of the first part, the oldest first. */
  readonly first: LogBlock[];
  /** Blocks of the last part; the oldest is dropped when they are too many. */
  readonly last: LogBlock[];
  /** Where the first part ended, when its room was used up. */
  endOfFirst?: { first: number; offset: number };
  add(line: string): void;
  /** Forgets blocks of the last part that are stored. */
  removeLast(stored: LogBlock[]): void;
}

const BLOCK_BYTES = 64 << 10;

/** @param partBytes Room of each of the two parts, stored lines included. */
export function createLogBlocks(partBytes: number): LogBlocks {
  const blockBytes = Math.min(BLOCK_BYTES, Math.ceil(partBytes / 8));
  let [line, offset, lastBytes] = [0, 0, 0];

  const blocks: LogBlocks = {
    first: [],
    last: [],
    add(text) {
      const whole = `${text}\n`;
      const bytes = Buffer.byteLength(whole);
      if (blocks.endOfFirst === undefined && offset + bytes > partBytes) {
        blocks.endOfFirst = { first: line, offset };
      }
      const part = blocks.endOfFirst === undefined ? blocks.first : blocks.last;
      append(part, whole, bytes);
      [line, offset] = [line + 1, offset + bytes];
      if (part === blocks.first) return;
      lastBytes += bytes;
      while (lastBytes > partBytes && part.length > 1) lastBytes -= part.shift()!.bytes;
    },
    removeLast(stored) {
      blocks.last.splice(0, blocks.last.findLastIndex((block) => stored.includes(block)) + 1);
      lastBytes = blocks.last.reduce((sum, { bytes }) => sum + bytes, 0);
    },
  };
  const append = (part: LogBlock[], text: string, bytes: number) => {
    let block = part.at(-1);
    if (block === undefined || block.sealed || block.bytes + bytes > blockBytes) {
      block = { first: line, offset, lines: 0, bytes: 0, text: [], sealed: false };
      part.push(block);
    }
    block.text.push(text);
    block.lines++;
    block.bytes += bytes;
  };
  return blocks;
}
