import type { Runtime } from "shopflow/runtime/mod.ts";

/** How much was copied and how fast, e.g. `25,900 rows, 3.1 MB, 310,000 rows/s`. */
export function throughput(rows: number, milliseconds: number, bytes?: number): string {
  const count = `${rows.toLocaleString("en-US")} rows`;
  if (rows === 0) return count;
  const perSecond = Number((rows / Math.max(milliseconds, 1) * 1000).toPrecision(2));
  const size = bytes === undefined ? "" : `, ${(bytes / 1e6).toFixed(1)} MB`;
  return `${count}${size}, ${perSecond.toLocaleString("en-US")} rows/s`;
}

/** Milliseconds between two reports of a copy that goes on. */
const PAUSE = 10_000;

/** Reports a copy as it goes and at its end: rows, bytes, seconds and rows a second. */
interface CopyMeter {
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
      log.info(`  extract ${table}: ${throughput(rows, now - started, bytes)} after ${seconds} s`);
    },
    finish: () => bar.finish(throughput(rows, clock() - started, bytes)),
  };
}
