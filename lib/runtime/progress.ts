// @ts-types="@types/cli-progress"
import cliProgress from "cli-progress";

/** One long step that a person waits for. */
export interface ProgressBar {
  /** Sets how much is done, in the unit of the total. */
  update(done: number): void;
  /** Ends the bar and leaves one line with what came out of it. */
  finish(summary?: string): void;
}

export interface Progress {
  /** Starts a bar; `total` 0 means the end is not known. */
  start(label: string, total: number, unit?: string): ProgressBar;
}

/** Bars on a terminal; where output is not a terminal, one line a step when it ends. */
export function createProgress(
  terminal: boolean = Deno.stderr.isTerminal(),
  write: (line: string) => void = console.error,
): Progress {
  return {
    start(label, total, unit = "") {
      const started = performance.now();
      const bar = terminal && total > 0 ? terminalBar(label, total, unit) : undefined;
      return {
        update: (done) => bar?.update(Math.min(done, total)),
        finish(summary = "") {
          bar?.stop();
          const seconds = ((performance.now() - started) / 1000).toFixed(1);
          write(
            `  ${label.padEnd(28)} ${`${seconds} s`.padStart(8)}  ${summary}`,
          );
        },
      };
    },
  };
}

/** No output at all, for tests and services. */
export const silentProgress: Progress = {
  start: () => ({ update: () => {}, finish: () => {} }),
};

function terminalBar(
  label: string,
  total: number,
  unit: string,
): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar({
    format: `  ${label.padEnd(28)} {bar} {percentage}% {value}/{total} ${unit}`,
    clearOnComplete: true,
    hideCursor: true,
    barsize: 24,
  }, cliProgress.Presets.shades_classic);
  bar.start(total, 0);
  return bar;
}
