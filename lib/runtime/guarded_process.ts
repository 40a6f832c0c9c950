/**
 * A process with all that it starts: none of them outlives the one who started it, however that ends, nor, if
 * wanted, the time for which it gives a sign of life.
 */
import { randomUUID } from "node:crypto";
import process from "node:process";
import { GUARD_SCRIPT, UNATTENDED } from "./guard_script.ts";

/** In the environment of the process and of all that it starts, so that those who left its group are found. */
const MARKS = "GUARDED_PROCESSES";
/** Within this share of `aliveMs` without a sign of life the end begins; it has come when all of it is over. */
const PATIENCE = 0.9;
/** How often the guard looks at the clock in that time. */
const TICKS = 10;

export interface GuardedOptions {
  cwd: string;
  /** The whole environment. */
  env: Record<string, string>;
  /** Ends everything after so long without {@linkcode GuardedProcess.alive}, in milliseconds; default: never. */
  aliveMs?: number;
}

export interface GuardedProcess {
  child: Deno.ChildProcess;
  /**
   * A sign of life of the one who started it. Never waits and never fails.
   *
   * @param agoMs How long ago that was of which it tells, in milliseconds: of a lease that was renewed, when the
   * renewal was asked for.
   */
  alive(agoMs?: number): void;
  /** Ends the process and all that it started, at once, and waits until they are told so. */
  end(): Promise<void>;
  /** Whether it was ended for want of a sign of life; known after `end`. */
  readonly unattended: boolean;
}

/** Windows has no process groups of this kind; there the process alone is ended, and not by a guard. */
const HAS_GROUPS = Deno.build.os !== "windows";

/** Starts a program whose environment is `env` and nothing else. */
export async function startGuarded(argv: string[], options: GuardedOptions): Promise<GuardedProcess> {
  const mark = randomUUID();
  if (!HAS_GROUPS) {
    const child = spawn(argv, options, mark);
    const end = () => Promise.resolve(killQuietly(child));
    return { child, alive: () => {}, end, unattended: false };
  }
  // Before the process, so that there is no moment in which nobody watches over it.
  const guard = startGuard(mark, options.aliveMs);
  let child: Deno.ChildProcess;
  try {
    child = spawn(argv, options, mark);
  } catch (error) {
    await guard.release();
    throw error;
  }
  let hasEnded = false;
  child.status.then(() => hasEnded = true);
  let ended: Promise<void> | undefined;
  let unattended = false;
  guard.status.then(({ code }) => {
    if (ended !== undefined && code !== UNATTENDED) return;
    unattended = true;
    // The guard itself was killed: without one it must not go on.
    if (code !== UNATTENDED && !hasEnded) killGroup(child.pid);
  });
  await guard.tell(`group ${child.pid}`);
  return {
    child,
    alive: (agoMs = 0) => guard.hint(`beat ${hundredths(agoMs)}`),
    end: () =>
      ended ??= (() => {
        killGroup(child.pid);
        return guard.release();
      })(),
    get unattended() {
      return unattended;
    },
  };
}

function spawn(
  [program, ...args]: string[],
  { cwd, env }: GuardedOptions,
  mark: string,
): Deno.ChildProcess {
  // Also marks of those whose process this program is itself: they are to find all.
  const marks = [Deno.env.get(MARKS), mark].filter((known) => known !== undefined).join(" ");
  return new Deno.Command(program!, {
    args,
    cwd,
    env: { ...env, [MARKS]: marks },
    clearEnv: true,
    detached: HAS_GROUPS,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

interface Guard {
  status: Promise<Deno.CommandStatus>;
  tell(line: string): Promise<void>;
  /** Says it unless the guard has not heard the line before. */
  hint(line: string): void;
  /** Lets it do its work and waits for that. */
  release(): Promise<void>;
}

function startGuard(mark: string, aliveMs = 0): Guard {
  const guard = new Deno.Command("sh", {
    args: [
      "-c",
      GUARD_SCRIPT,
      "process-guard",
      mark,
      String(Math.max(hundredths(aliveMs * PATIENCE), aliveMs > 0 ? 1 : 0)),
      String(Math.max(1, hundredths(aliveMs / TICKS))),
      (aliveMs / TICKS / 1000).toFixed(3),
    ],
    // In a group of its own, so that Ctrl-C in a terminal does not reach it. Without the marks of this program, so
    // that it does its work also where this program is ended by a guard.
    detached: true,
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin" },
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const input = guard.stdin.getWriter();
  let speaking = false;
  const tell = async (line: string) => {
    speaking = true;
    try {
      await input.write(new TextEncoder().encode(`${line}\n`));
    } catch (error) {
      unlessGone(error);
    } finally {
      speaking = false;
    }
  };
  return {
    status: guard.status,
    tell,
    hint(line) {
      if (!speaking) tell(line);
    },
    async release() {
      try {
        await input.close();
      } catch (error) {
        unlessGone(error);
      }
      await guard.status;
    },
  };
}

/** A guard that has done its work, or was killed, is told nothing any more: its end is seen by its status. */
function unlessGone(error: unknown): void {
  const gone = error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource ||
    error instanceof TypeError;
  if (!gone) throw error;
}

const hundredths = (ms: number) => Math.round(ms / 10);

function killGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch (error) {
    // All of it had ended already; macOS says EPERM until its parent has heard of that.
    if (!["ESRCH", "EPERM"].includes((error as { code?: string }).code ?? "")) throw error;
  }
}

function killQuietly(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
