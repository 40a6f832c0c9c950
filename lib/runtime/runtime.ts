import { maskSecrets } from "shopflow/errors/mod.ts";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { createHash } from "node:crypto";
// @ts-types="@types/cli-progress"
import cliProgress from "cli-progress";

/** Log levels, from the fewest lines to the most: each logs its own lines and those of the levels before it. */
export const LOG_LEVELS = ["error", "warn", "info", "debug"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

let processLogLevel: LogLevel = "info";

/** Sets the level of all loggers of this process that have none of their own; `info` before that. */
export function setLogLevel(level: LogLevel): void {
  processLogLevel = level;
}

/** Whether loggers of this process log lines of a level. */
export const isLogged = (level: LogLevel, logLevel: LogLevel = processLogLevel): boolean =>
  LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(logLevel);

/** Writes what happens to standard error, one line an event, so that standard output stays for results. */
export interface Logger {
  /** For whoever looks for the cause of a problem: statements, requests, rounds, with their durations. */
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

/**
 * A logger that hands each line, without secrets, to `write` (default: standard error).
 *
 * @param level Default: that of the process when a line is logged.
 */
export function createLogger(
  write: (line: string) => void = console.error,
  level?: LogLevel,
): Logger {
  const at = (lineLevel: LogLevel, prefix: string) => (message: string) => {
    if (isLogged(lineLevel, level)) write(prefix + maskSecrets(message));
  };
  return { debug: at("debug", "debug: "), info: at("info", ""), warn: at("warn", "warning: ") };
}

/** Uniform numbers in [0, 1); also what `d3-random`'s `.source()` takes. */
export type Random = () => number;

/**
 * A reproducible stream of uniform numbers in [0, 1) with 32 bits of resolution.
 * Streams with different names are independent, so a new consumer of randomness does not shift the others.
 */
export function createRandom(seed: number, stream = ""): Random {
  const digest = createHash("sha256").update(`${seed}/${stream}`).digest();
  const generator = xoroshiro128plus(digest.readInt32LE(0));
  return () => (generator.next() >>> 0) / 2 ** 32;
}

/** One long step that a person waits for. */
interface ProgressBar {
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

/** The outside world of a program, passed as the last argument so that tests can replace it. */
export interface Runtime {
  now(): Date;
  log: Logger;
  progress: Progress;
}

/** The real world, with parts replaced where a test wants them still. */
export function createRuntime(replaced: Partial<Runtime> = {}): Runtime {
  return {
    now: () => new Date(),
    log: createLogger(),
    progress: createProgress(),
    ...replaced,
  };
}
