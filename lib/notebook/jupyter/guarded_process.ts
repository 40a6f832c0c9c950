/**
 * A kernel's process with all that it starts: none of them outlives the run, nor the program that runs it, however
 * that ends.
 */
import { randomUUID } from "node:crypto";
import process from "node:process";

/** In the environment of the process and of all that it starts, so that those who left its group are found. */
const MARK = "NOTEBOOK_PROCESS";

export interface GuardedProcess {
  child: Deno.ChildProcess;
  /** Ends the process and all that it started, at once, and waits until they are told so. */
  end(): Promise<void>;
}

/**
 * Waits for the end of its standard input, which is when the program that holds it ends it or is gone itself, even
 * by SIGKILL. Then it ends the group, and on Linux also those who left the group.
 */
const GUARD = `cat >/dev/null
kill -KILL -- -"$1" 2>/dev/null
[ -d /proc/1 ] || exit 0
for file in $(grep -las "$2" /proc/[0-9]*/environ); do
  pid=\${file#/proc/}
  kill -KILL "\${pid%/environ}" 2>/dev/null
done
exit 0`;

/** Starts a program whose environment is `env` and nothing else. */
export function startGuarded(
  [program, ...args]: string[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
): GuardedProcess {
  const mark = randomUUID();
  const child = new Deno.Command(program!, {
    args,
    cwd,
    env: { ...env, [MARK]: mark },
    clearEnv: true,
    detached: HAS_GROUPS,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (!HAS_GROUPS) return { child, end: () => Promise.resolve(killQuietly(child)) };
  const guard = startGuard(child, `${MARK}=${mark}`);
  let ended: Promise<void> | undefined;
  return {
    child,
    end: () => {
      killGroup(child.pid);
      return ended ??= release(guard);
    },
  };
}

/** Windows has no process groups of this kind; there the process alone is ended. */
const HAS_GROUPS = Deno.build.os !== "windows";

function startGuard(child: Deno.ChildProcess, mark: string): Deno.ChildProcess {
  try {
    return new Deno.Command("sh", {
      args: ["-c", GUARD, "notebook-guard", String(child.pid), mark],
      // In a group of its own, so that Ctrl-C in a terminal does not reach it.
      detached: true,
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
  } catch (error) {
    killGroup(child.pid);
    throw error;
  }
}

async function release(guard: Deno.ChildProcess): Promise<void> {
  await guard.stdin.close();
  await guard.status;
}

function killGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch (error) {
    // All of it had ended already.
    if ((error as { code?: string }).code !== "ESRCH") throw error;
  }
}

function killQuietly(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
