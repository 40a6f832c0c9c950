import { existsSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";

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
