import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { RunName } from "../run_name.ts";

/** One try of a run. */
export interface AttemptName extends RunName {
  attempt: number;
}

export interface RunLogOptions {
  now: () => Date;
  /** Is applied to each line. */
  mask?: (line: string) => string;
  /** A line is in the store so long after it was written, in milliseconds; default 2000. */
  flushMs?: number;
  /** Of a longer log the first and the last part are kept; default 10 MiB. */
  maxBytes?: number;
  /** How long `close` waits for a store that fails, in milliseconds; default 30,000. */
  closeMs?: number;
}

/** What a log came to. */
export interface RunLogEnd {
  /** Lines that are in no object, since the store failed to the end. */
  unsaved: number;
  /** The last failure of the store. */
  problem?: string;
}

/** Writes the log of one try of a run; neither method ever fails. */
export interface RunLog {
  /** Adds a line with the time; returns at once. */
  write(line: string): void;
  /** Stores what is left. */
  close(): Promise<RunLogEnd>;
}

export function openRunLog(_store: ObjectStore, _run: AttemptName, _options: RunLogOptions): RunLog {
  throw new Error("not built yet");
}
