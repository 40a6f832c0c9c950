/**
 * How a log lies in the store. Objects `000001.log`, `000002.log` … hold its first part, without gaps, so that they
 * are read by number and never listed. What comes when the room of that part is used up is in `last/`, of which the
 * oldest objects are deleted again. Each begins with a line that tells where in the log it stands.
 */
import { logFolder } from "../ledger_keys.ts";
import type { RunName } from "../run_name.ts";

/** One try of a run. */
export interface AttemptName extends RunName {
  /** From 1. */
  attempt: number;
}

/** Consecutive lines of a log. */
export interface LogChunk {
  /** Number of its first line, from 0. */
  first: number;
  /** Bytes of the lines before it. */
  offset: number;
  /** It is the last one of the first part: what follows is in `last/`. */
  more: boolean;
  lines: string[];
}

const attemptFolder = ({ job, slot, attempt }: AttemptName) => `${logFolder(job, slot)}${attempt}/`;
const objectName = (number: number) => `${String(number).padStart(6, "0")}.log`;

export const chunkKey = (run: AttemptName, number: number) => attemptFolder(run) + objectName(number);
export const lastFolder = (run: AttemptName) => `${attemptFolder(run)}last/`;
export const lastKey = (run: AttemptName, number: number) => lastFolder(run) + objectName(number);
export const numberOf = (key: string) => Number(key.match(/(\d+)\.log$/)?.[1]);

/** @param text The lines, each with its line break. */
export function encodeChunk({ first, offset, more }: Omit<LogChunk, "lines">, text: string): Uint8Array {
  return new TextEncoder().encode(`#${first} ${offset}${more ? " more" : ""}\n${text}`);
}

/** What has no such first line is taken as lines that follow those before. */
export function decodeChunk(bytes: Uint8Array, follows: { line: number; offset: number }): LogChunk {
  const [head = "", ...lines] = new TextDecoder().decode(bytes).replace(/\n$/, "").split("\n");
  const place = head.match(/^#(\d+) (\d+)( more)?$/);
  if (place === null) {
    return { first: follows.line, offset: follows.offset, more: false, lines: [head, ...lines] };
  }
  return { first: Number(place[1]), offset: Number(place[2]), more: place[3] !== undefined, lines };
}
