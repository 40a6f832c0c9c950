/** The programs of `deno task` as commander declares them, read without running any. */
import { join } from "node:path";

const ROOT = join(import.meta.dirname!, "..", "..");

/** A program or one of its commands. */
export interface ProgramDoc {
  name: string;
  description: string;
  arguments: ArgumentDoc[];
  options: OptionDoc[];
  commands: ProgramDoc[];
}

interface ArgumentDoc {
  name: string;
  isRequired: boolean;
  isVariadic: boolean;
  description: string;
  fallback?: string;
}

interface OptionDoc {
  flags: string;
  description: string;
  isRequired: boolean;
  fallback?: string;
}

/** A task of deno.json. */
export interface Task {
  name: string;
  description: string;
  /** The one program that it runs; undefined for tasks that combine commands. */
  program?: string | undefined;
  /** Arguments that the task itself gives to the program. */
  given: string[];
}

/** The tasks of deno.json, in its order. */
export async function readTasks(): Promise<Task[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json"))) as {
    tasks: Record<string, { description: string; command: string }>;
  };
  return Object.entries(tasks).map(([name, { description, command }]) => {
    const [, program, rest = ""] = command.match(/^deno run (?:-\S+ )*(\S+\.tsx?)((?: [^&|;]+)?)$/) ?? [];
    return { name, description, program, given: rest.trim().split(" ").filter((word) => word !== "") };
  });
}

/** What a program declares; of one without commander the text of its `--help`. */
export async function describeProgram(program: string): Promise<ProgramDoc | string> {
  const printed = await runDescribed(program, {});
  return printed.startsWith("{") ? JSON.parse(printed) : printed;
}

/**
 * What is wrong with each list of arguments, as commander says it, or null. A program without commander takes none but
 * `--help`.
 */
export async function checkArguments(program: string, lists: string[][]): Promise<(string | null)[]> {
  const printed = await runDescribed(program, { DOCS_CHECK_ARGUMENTS: JSON.stringify(lists) });
  if (printed.startsWith("[")) return JSON.parse(printed);
  return lists.map((list) => list.length === 0 || list[0] === "--help" ? null : "takes no arguments");
}

async function runDescribed(program: string, env: Record<string, string>): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--preload", join(import.meta.dirname!, "describe_program.ts"), program, "--help"],
    cwd: ROOT,
    env: { ...env, NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(`${program} could not be described: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}
