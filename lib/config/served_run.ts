import { ConfigError } from "shopflow/errors/mod.ts";
import { shownValue } from "./setting_value.ts";

/** The run of a job that a program was started for. */
export interface ServedRun {
  /** Job and slot, e.g. `refresh-data@2024-10-02T03:05Z`. */
  name: string;
  /** Beginning of the data interval, ISO 8601 in UTC. */
  from: string;
  /** End of the data interval, exclusive; its beginning where a run is about no time. */
  to: string;
}

const TIME = String.raw`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z`;
const NAME = new RegExp(`^[a-z0-9][a-z0-9_-]*@(${TIME})$`);
const INTERVAL = new RegExp(`^(${TIME})/(${TIME})$`);

/**
 * Reads `SHOPFLOW_RUN` and `SHOPFLOW_RUN_INTERVAL`, which the scheduler gives to the programs that it starts.
 *
 * @returns Undefined where neither is set: a person started the program.
 * @throws {ConfigError} when one of them is missing or malformed.
 */
export function servedRun(env: Record<string, string | undefined>): ServedRun | undefined {
  const { SHOPFLOW_RUN: name, SHOPFLOW_RUN_INTERVAL: interval } = env;
  if (!name && !interval) return undefined;
  const [, slot] = NAME.exec(name ?? "") ?? [];
  if (!name || !isTime(slot)) {
    throw new ConfigError("SHOPFLOW_RUN is not the name of a run", {
      expected: "JOB@SLOT in UTC, e.g. refresh-data@2024-10-02T03:05Z",
      found: name ? shownValue(name) : "SHOPFLOW_RUN_INTERVAL alone",
      remedy: "The scheduler sets both; unset them to start a program by hand.",
    });
  }
  const [, from, to] = INTERVAL.exec(interval ?? "") ?? [];
  if (!isTime(from) || !isTime(to) || Date.parse(from) > Date.parse(to)) {
    throw new ConfigError("SHOPFLOW_RUN_INTERVAL is not a data interval", {
      expected: "FROM/TO in UTC, FROM not after TO, e.g. 2024-10-02T02:05Z/2024-10-02T03:05Z",
      found: interval ? shownValue(interval) : "SHOPFLOW_RUN alone",
      remedy: "The scheduler sets both; unset them to start a program by hand.",
    });
  }
  return { name, from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

/** A real time: 31 February is none, though the pattern lets it pass. */
function isTime(text: string | undefined): text is string {
  if (text === undefined) return false;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text.slice(0, 16));
}
