/**
 * Loaded before a program (`deno run --preload`): in place of running it, prints its commands as JSON. With
 * `DOCS_CHECK_ARGUMENTS`, a JSON list of argument lists, it prints what is wrong with each instead, or null.
 */
import { Command, CommanderError } from "commander";
import type { ProgramDoc } from "./programs.ts";

const parse = Command.prototype.parse;

function describe(this: Command): never {
  const given = Deno.env.get("DOCS_CHECK_ARGUMENTS");
  console.log(JSON.stringify(given === undefined ? docOf(this) : problemsOf(this, JSON.parse(given))));
  Deno.exit(0);
}

function docOf(command: Command): ProgramDoc {
  return {
    name: command.name(),
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      isRequired: argument.required,
      isVariadic: argument.variadic,
      description: argument.description,
      ...(argument.defaultValue !== undefined && { fallback: String(argument.defaultValue) }),
    })),
    options: command.options.filter(({ hidden }) => !hidden).map((
      { flags, description, mandatory, ...option },
    ) => ({
      flags,
      description,
      isRequired: mandatory,
      ...(hasDefault(option.defaultValue) && { fallback: String(option.defaultValue) }),
    })),
    commands: command.commands.map(docOf),
  };
}

/** A default that a reader wants to know: switches that are off have none. */
const hasDefault = (value: unknown) =>
  value !== undefined && value !== false && value !== true && !(Array.isArray(value) && value.length === 0) &&
  typeof value !== "object";

/** What commander says of each list of arguments; actions are not run. */
function problemsOf(program: Command, lists: string[][]): (string | null)[] {
  quieten(program);
  return lists.map((list) => {
    try {
      parse.call(program, list, { from: "user" });
      return null;
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      return error.exitCode === 0 ? null : error.message;
    }
  });
}

function quieten(command: Command): void {
  command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {} });
  if (command.commands.length === 0) command.action(() => {});
  command.commands.forEach(quieten);
}

Command.prototype.parse = describe;
Command.prototype.parseAsync = describe;
