/** Settings from the environment, resolved once at the start of a program. */
export { type Config, loadConfig } from "./config.ts";
export type { ServedRun } from "./served_run.ts";
