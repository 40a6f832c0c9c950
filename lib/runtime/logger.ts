import { maskSecrets } from "shopflow/errors/mod.ts";

/** Writes what happens to standard error, one line an event, so that standard output stays for results. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
}

/** A logger that hands each line, without secrets, to `write` (default: standard error). */
export function createLogger(
  write: (line: string) => void = console.error,
): Logger {
  return {
    info: (message) => write(maskSecrets(message)),
    warn: (message) => write(`warning: ${maskSecrets(message)}`),
  };
}
