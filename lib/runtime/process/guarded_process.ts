import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import process from "node:process";
import { GATE_SCRIPT, GUARD_SCRIPT, ODD_VARIABLE, UNATTENDED } from "./guard_script.ts";

/** A right that is held for a while and renewed again and again. */
export interface Lease {
  /** From one renewal on, in milliseconds. */
  readonly leaseMs: number;
  /** Until when it surely holds, by `performance.now()`. */
  heldUntil(): number;
  /** Calls back whenever it was renewed. @returns what ends that. */
  onRenewal(renewed: () => void): () => void;
}

/**
 * A process with all that it starts: none of them outlives the one who started it, however that ends, nor, if
 * wanted, the time for which it gives a sign of life.
 */

/** In the environment of the process and of all that it starts, so that those who left its group are found. */
const MARKS = "GUARDED_PROCESSES";
/** The end begins before the lease is over by this share of it, so that it has come when others count on it. */
const MARGIN = 0.15;
/** How often the guard looks at the clock in a lease. */
const TICKS = 20;

interface GuardedOptions {
  cwd: string;
  /** The whole environment. */
  env: Record<string, string>;
  /** Nothing of it outlives the lease, nor begins when that is over; default: it may live for ever. */
  lease?: Lease;
}

export interface GuardedProcess {
  child: Deno.ChildProcess;
  /** Ends the process and all that it started, at once, and waits until they are told so. */
  end(): Promise<void>;
  /** Whether it was ended, or not begun, because the lease was over; known after `end`. */
  readonly unattended: boolean;
}

/** Windows has no process groups of this kind; there the process alone is ended, and not by a guard. */
const HAS_GROUPS = Deno.build.os !== "windows";

/**
 * Starts a program whose environment is `env` and nothing else; under a lease the shell that looks at it may add a
 * variable of its own, like `PWD`.
 *
 * @throws {Deno.errors.NotFound} when there is no such program; under a lease one without a path ends with exit code
 *   127 instead.
 */
export async function startGuarded(argv: string[], options: GuardedOptions): Promise<GuardedProcess> {
  const mark = randomUUID();
  if (!HAS_GROUPS) {
    const child = spawn(argv, options, mark);
    const end = () => Promise.resolve(killQuietly(child));
    return { child, end, unattended: false };
  }
  const { lease } = options;
  // Before the process, so that there is no moment in which nobody watches over it.
  const guard = startGuard(mark, lease?.leaseMs);
  let child: Deno.ChildProcess;
  let clock: GuardClock | undefined;
  try {
    if (lease === undefined) child = spawn(argv, options, mark);
    else {
      clock = await guard.clock();
      // This program may be stopped for a while between any two lines: both are told the time, not what is left of it.
      await guard.tell(`until ${endOf(lease, clock)}`);
      await findProgram(argv[0]!, options.cwd);
      child = spawnGate(argv, options, mark);
    }
  } catch (error) {
    await guard.release();
    throw error;
  }
  let hasEnded = false;
  let ended: Promise<void> | undefined;
  let unattended = false;
  child.status.then(() => hasEnded = true);
  guard.status.then(({ code }) => {
    if (ended !== undefined && code !== UNATTENDED) return;
    unattended = true;
    // The guard may have been killed, or ended before it knew the group: without one it must not go on.
    if (!hasEnded) killGroup(child.pid);
  });
  await guard.tell(`group ${child.pid}`);
  const gate = lease && speaker(child.stdin);
  const follow = () => {
    const until = endOf(lease!, clock!);
    guard.hint(`until ${until}`);
    // It still listens when it was told a time that was over.
    gate!.hint(String(until));
  };
  const stopFollowing = lease?.onRenewal(follow);
  // The first time that the gate hears; since the guard was told one it may have been renewed.
  if (lease !== undefined) follow();
  return {
    child,
    end: () =>
      ended ??= (async () => {
        stopFollowing?.();
        killGroup(child.pid);
        await Promise.all([gate?.close(), guard.release()]);
      })(),
    get unattended() {
      return unattended;
    },
  };
}

const endOf = ({ leaseMs, heldUntil }: Lease, clock: GuardClock) => clock(heldUntil() - MARGIN * leaseMs);

/** What waits until it may become the program; told when by its standard input. */
function spawnGate(argv: string[], options: GuardedOptions, mark: string): Deno.ChildProcess {
  const variables = Object.entries(options.env);
  const odd = variables.filter(([name]) => !/^[A-Za-z_]\w*$/.test(name));
  const env = Object.fromEntries([
    ...variables.filter((variable) => !odd.includes(variable)),
    ...odd.map(([name, value], i) => [`${ODD_VARIABLE}${i}`, `${name}=${value}`]),
  ]);
  const gate = ["sh", "-c", GATE_SCRIPT, "process-gate", String(odd.length), ...argv];
  return spawn(gate, { ...options, env }, mark, { stdin: "piped" });
}

/** The gate would only say it by an exit code. */
async function findProgram(program: string, cwd: string): Promise<void> {
  if (program.includes("/")) await Deno.stat(resolve(cwd, program));
}

function spawn(
  [program, ...args]: string[],
  { cwd, env }: GuardedOptions,
  mark: string,
  { stdin }: { stdin: "null" | "piped" } = { stdin: "null" },
): Deno.ChildProcess {
  // Also marks of those whose process this program is itself: they are to find all.
  const marks = [Deno.env.get(MARKS), mark].filter((known) => known !== undefined).join(" ");
  return new Deno.Command(program!, {
    args,
    cwd,
    env: { ...env, [MARKS]: marks },
    clearEnv: true,
    detached: HAS_GROUPS,
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** From a time by `performance.now()` to one by the guard's clock, in hundredths of a second; never a later one. */
type GuardClock = (ms: number) => number;

interface Guard {
  status: Promise<Deno.CommandStatus>;
  /** Reads its clock, once. */
  clock(): Promise<GuardClock>;
  tell(line: string): Promise<void>;
  /** Says it without being waited for; of what it could not say meanwhile the newest. */
  hint(line: string): void;
  /** Lets it do its work and waits for that. */
  release(): Promise<void>;
}

/** @param leaseMs Length of the lease; without one it has no clock. */
function startGuard(mark: string, leaseMs?: number): Guard {
  const tickMs = leaseMs === undefined ? 0 : Math.max(10, leaseMs / TICKS);
  const guard = new Deno.Command("sh", {
    args: [
      "-c",
      GUARD_SCRIPT,
      "process-guard",
      mark,
      leaseMs === undefined ? "0" : "1",
      (tickMs / 1000).toFixed(3),
    ],
    // In a group of its own, so that Ctrl-C in a terminal does not reach it. Without the marks of this program, so
    // that it does its work also where this program is ended by a guard.
    detached: true,
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const { tell, hint, close } = speaker(guard.stdin);
  const printed = new Response(guard.stdout).text();
  return {
    status: guard.status,
    async clock() {
      const hundredths = Number.parseInt(await printed);
      const readBefore = performance.now();
      if (Number.isNaN(hundredths)) throw new Error("The guard of a process ended before it began.");
      return (ms) => hundredths + Math.floor((ms - readBefore) / 10);
    },
    tell,
    hint,
    async release() {
      await close();
      await Promise.all([guard.status, printed]);
    },
  };
}

/** What tells a process lines on its standard input, unless it has gone or does not listen any more. */
function speaker(stdin: WritableStream<Uint8Array>) {
  const input = stdin.getWriter();
  let speaking = false;
  let unsaid: string | undefined;
  const tell = async (line: string): Promise<void> => {
    speaking = true;
    try {
      await input.write(new TextEncoder().encode(`${line}\n`));
    } catch (error) {
      unlessGone(error);
    } finally {
      speaking = false;
    }
  };
  const hint = (line: string): void => {
    if (speaking) return void (unsaid = line);
    tell(line).then(() => {
      const next = unsaid;
      unsaid = undefined;
      if (next !== undefined) hint(next);
    });
  };
  const close = async (): Promise<void> => {
    try {
      await input.close();
    } catch (error) {
      unlessGone(error);
    }
  };
  return { tell, hint, close };
}

/** A guard that has done its work, or was killed, is told nothing any more: its end is seen by its status. */
function unlessGone(error: unknown): void {
  const gone = error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource ||
    error instanceof TypeError;
  if (!gone) throw error;
}

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
