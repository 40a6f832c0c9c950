import { createLogger, type Logger } from "./logger.ts";
import { createProgress, type Progress } from "./progress.ts";

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
