import { type Command, InvalidArgumentError, Option } from "commander";
import type { ExecuteOptions } from "shopflow/notebook/mod.ts";

/** The flags of commands that execute a notebook. */
export interface LimitFlags {
  /** Milliseconds. */
  cellTimeout?: number;
  /** Milliseconds. */
  timeout?: number;
  /** False for `--no-check`. */
  check: boolean;
}

/** The flags of commands that keep the run, too. */
export interface RunFlags extends LimitFlags {
  /** False for `--no-page`. */
  page: boolean;
}

/** Adds the flags of {@linkcode RunFlags}. */
export function addRunFlags(command: Command): Command {
  return addLimitFlags(command).option("--no-page", "leave out the page, keep the executed notebook only");
}

/** Adds the flags of {@linkcode LimitFlags}; times are given in seconds and kept in milliseconds. */
export function addLimitFlags(command: Command): Command {
  return command
    .option("--cell-timeout <seconds>", "end a cell that takes longer (default: 600)", seconds)
    .option("--timeout <seconds>", "end the notebook when it takes longer (default: 3600)", seconds)
    .option("--no-check", "run without checking the types of the cells before");
}

/** `-p name=value`, any number of times. */
export const parameterOption = (description: string): Option =>
  new Option("-p, --parameter <name=value>", description)
    .argParser((value: string, before: string[]) => [...before, value]).default([]);

/** The limits of an execution that flags stand for. */
export const limitsOf = ({ cellTimeout, timeout, check }: LimitFlags): ExecuteOptions => ({
  cellTimeout,
  timeout,
  check,
});

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("Give a number of seconds above 0.");
  return value * 1000;
}
