import type { ObjectStore } from "shopflow/lake/mod.ts";
import type { RunName } from "../run_name.ts";

export interface FollowOptions {
  /** Default: the last one that has a log, and those that follow it. */
  attempt?: number;
  /** Whether the run has ended: then what is there is read to its end. */
  ended: () => Promise<boolean>;
  signal?: AbortSignal;
  /** Between two looks, in milliseconds; default 1000. */
  pollMs?: number;
}

/** The lines of a log, each with its time; of the last attempt unless told otherwise. Empty where there is none. */
export async function* readRunLog(
  _store: ObjectStore,
  _run: RunName,
  _attempt?: number,
): AsyncGenerator<string> {
}

/** The lines of a log that is being written, until the run has ended or the signal comes. */
export async function* followRunLog(
  _store: ObjectStore,
  _run: RunName,
  _options: FollowOptions,
): AsyncGenerator<string> {
}
