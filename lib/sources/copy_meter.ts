import type { Runtime } from "shopflow/runtime/mod.ts";
import { rowRate } from "./row_rate.ts";

/** Milliseconds between two reports of a copy that goes on. */
const PAUSE = 10_000;

/** Reports a copy as it goes and at its end: rows, bytes, seconds and rows a second. */
export interface CopyMeter {
  add(rows: number, bytes: number): void;
  finish(): void;
}

/**
 * Starts to report on the copying of a table.
 *
 * @param total its number of rows, 0 if unknown
 * @param clock milliseconds that only ever grow
 */
export function startCopyMeter(
  table: string,
  total: number,
  { log, progress }: Pick<Runtime, "log" | "progress">,
  clock: () => number = () => performance.now(),
): CopyMeter {
  const bar = progress.start(`extract ${table}`, total, "rows");
  const started = clock();
  let reported = started;
  let rows = 0;
  let bytes = 0;
  return {
    add(moreRows, moreBytes) {
      rows += moreRows;
      bytes += moreBytes;
      bar.update(rows);
      const now = clock();
      if (now - reported < PAUSE) return;
      reported = now;
      const seconds = ((now - started) / 1000).toFixed(0);
      log.info(`  extract ${table}: ${rowRate(rows, now - started, bytes)} after ${seconds} s`);
    },
    finish: () => bar.finish(rowRate(rows, clock() - started, bytes)),
  };
}
