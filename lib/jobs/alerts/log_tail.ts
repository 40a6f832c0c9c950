import type { ObjectStore } from "shopflow/lake/mod.ts";
import { readRunLog } from "../process/mod.ts";
import type { RunName } from "../run_name.ts";

/** Lines of a log that an alert shows. */
const LINES = 15;

/** Reads the last lines of the log of a run's last attempt; secrets were masked when it was written. */
export function logTail(store: ObjectStore): (run: RunName) => Promise<string[]> {
  return async ({ job, slot }) => {
    const last: string[] = [];
    for await (const line of readRunLog(store, { job, slot })) {
      last.push(line);
      if (last.length > LINES) last.shift();
    }
    return last;
  };
}
