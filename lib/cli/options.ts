import { existsSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { diskFullError, InputError, isDiskFull } from "shopflow/errors/mod.ts";
import type { Config } from "shopflow/config/mod.ts";
import { LOG_LEVELS, setLogLevel } from "shopflow/runtime/mod.ts";
import { type Command, InvalidArgumentError, Option } from "commander";

/**
 * The file that a person means who gave a task a path: `deno task` works in the folder of `deno.json`, whichever
 * folder below it the person is in. What is nowhere stays as it was given, for the message.
 */
export function givenFile(path: string): string {
  const startedIn = Deno.env.get("INIT_CWD");
  if (startedIn === undefined || isAbsolute(path) || existsSync(path)) return path;
  const there = relative(Deno.cwd(), resolve(startedIn, path));
  return existsSync(there) ? there : path;
}

/** {@linkcode givenFile} of each, for arguments of which there may be several. */
export function givenFiles(path: string, before: string[] = []): string[] {
  return [...before, givenFile(path)];
}

/**
 * Writes a file to a path that the user gave. It is never visible half written, even when the disk fills up.
 *
 * @throws {InputError} when it cannot be written there.
 */
export async function writeOutputFile(path: string, body: string | Uint8Array): Promise<void> {
  const staged = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.writeFile(staged, typeof body === "string" ? new TextEncoder().encode(body) : body);
    await Deno.rename(staged, path);
  } catch (error) {
    await Deno.remove(staged).catch(() => {});
    if (isDiskFull(error)) throw await diskFullError(`write ${path}`, error, path);
    throw new InputError(`${path} cannot be written`, {
      found: (error instanceof Error ? error.message : String(error)).replace(/: \w+ '.*$/, ""),
      remedy: "Choose another place, in a folder that exists.",
    });
  }
}

/** A parser of an option's value: a whole number above 0. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("Give a whole number above 0.");
}

/**
 * Adds `--log-level` to a program and to all of its commands. It counts for what the program starts, too: the level is
 * handed on in the environment.
 */
export function withLogLevel(program: Command): Command {
  return program
    .addOption(
      new Option(
        "--log-level <level>",
        "how much to log to standard error; default: SHOPFLOW_LOG_LEVEL, or info",
      )
        .choices(LOG_LEVELS),
    )
    .on("option:log-level", (level: Config["logLevel"]) => {
      setLogLevel(level);
      Deno.env.set("SHOPFLOW_LOG_LEVEL", level);
    })
    .configureHelp({ showGlobalOptions: true });
}
