/**
 * A process that never outlives its parent, nor the parent's lease, with all processes that it starts. A guard, a small
 * shell script, kills them when the parent ends or the lease expires; see `guard.sh` and `start_gate.sh`.
 */
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import process from "node:process";
import GUARD_SCRIPT from "./guard.sh" with { type: "text" };
import START_GATE_SCRIPT from "./start_gate.sh" with { type: "text" };

/** A right that is held for a while and renewed again and again. */
export interface Lease {
  /** From one renewal on, in milliseconds. */
  readonly leaseMs: number;
  /** Until when it surely holds, by `performance.now()`. */
  heldUntil(): number;
  /** Calls back whenever it was renewed. @returns what ends that. */
  onRenewal(renewed: () => void): () => void;
}

/** Environment variable that marks a process and all that it starts, so that those that left its group are found. */
const SUPERVISED_BY = "SUPERVISED_BY";
/** Exit code of a guard that killed its processes because the lease expired. */
const LEASE_EXPIRED = 3;
/** The guard kills before the lease expires, by this share of it, so that all have ended when others count on it. */
const SAFETY_MARGIN = 0.15;
/** How often the guard looks at the clock per lease. */
const TICKS_PER_LEASE = 20;
/** Windows has no process groups of this kind; there only the process itself is killed, without a guard. */
const HAS_GROUPS = Deno.build.os !== "windows";

interface SupervisionOptions {
  cwd: string;
  /** The whole environment. */
  env: Record<string, string>;
  /** The process does not start without it and is killed before it expires; default: no limit. */
  lease?: Lease | undefined;
}

export interface SupervisedProcess {
  child: Deno.ChildProcess;
  /** Kills the process and all that it started, and waits until the signals are sent. */
  end(): Promise<void>;
  /** Whether it was killed, or not started, because the lease expired; known after `end`. */
  readonly orphaned: boolean;
}

/**
 * Starts a program whose environment is `env` and nothing else; under a lease the start gate's shell may add a variable
 * of its own, like `PWD`.
 *
 * @throws {Deno.errors.NotFound} when there is no such program; under a lease one without a path ends with exit code
 *   127 instead.
 */
export async function startSupervised(
  argv: string[],
  options: SupervisionOptions,
): Promise<SupervisedProcess> {
  const mark = randomUUID();
  if (!HAS_GROUPS) {
    const child = spawn(argv, options, mark, "null");
    return {
      child,
      end: () => Promise.resolve(killUnlessEnded(() => child.kill("SIGKILL"))),
      orphaned: false,
    };
  }
  const { lease } = options;
  // Before the process, so that it is supervised from its first moment.
  const guard = startGuard(mark, lease?.leaseMs);
  let child: Deno.ChildProcess;
  let sendLeaseEnd = (): void => {};
  let gate: LineWriter | undefined;
  try {
    if (lease === undefined) child = spawn(argv, options, mark, "null");
    else {
      const toGuardClock = await guard.readClock();
      // This program may be stopped between any two lines, so both scripts get a time, not a remaining duration.
      const leaseEnd = () => String(toGuardClock(lease.heldUntil() - SAFETY_MARGIN * lease.leaseMs));
      await guard.input.write(`until ${leaseEnd()}`);
      // The gate would only report a missing program by its exit code.
      const [program] = argv;
      if (program?.includes("/")) await Deno.stat(resolve(options.cwd, program));
      child = spawnBehindGate(argv, options, mark);
      const gateInput = gate = lineWriter(child.stdin);
      sendLeaseEnd = () => {
        const until = leaseEnd();
        guard.input.writeLatest(`until ${until}`);
        // A gate still reads when the first time it got had passed.
        gateInput.writeLatest(until);
      };
    }
  } catch (error) {
    await guard.release();
    throw error;
  }
  let [hasEnded, orphaned] = [false, false];
  let ending: Promise<void> | undefined;
  child.status.then(() => hasEnded = true);
  guard.status.then(({ code }) => {
    if (ending !== undefined && code !== LEASE_EXPIRED) return;
    orphaned = true;
    // The guard was killed, or ended before it knew the group: an unsupervised process must not go on.
    if (!hasEnded) killGroup(child.pid);
  });
  await guard.input.write(`group ${child.pid}`);
  const stopFollowing = lease?.onRenewal(sendLeaseEnd);
  // The first time the gate gets; the lease may have been renewed since the guard got its own.
  sendLeaseEnd();
  return {
    child,
    end: () =>
      ending ??= (async () => {
        stopFollowing?.();
        killGroup(child.pid);
        await Promise.all([gate?.close(), guard.release()]);
      })(),
    get orphaned() {
      return orphaned;
    },
  };
}

/** Starts a shell that becomes the program once it reads that the lease holds. */
function spawnBehindGate(argv: string[], options: SupervisionOptions, mark: string): Deno.ChildProcess {
  const isPosix = ([name]: [string, string]) => /^[A-Za-z_]\w*$/.test(name);
  const { posix = [], other = [] } = Object.groupBy(
    Object.entries(options.env),
    (entry) => isPosix(entry) ? "posix" : "other",
  );
  const env = Object.fromEntries([
    ...posix,
    ...other.map(([name, value], i) => [`NON_POSIX_ENV_${i}`, `${name}=${value}`]),
  ]);
  const gate = ["sh", "-c", START_GATE_SCRIPT, "start-gate", String(other.length), ...argv];
  return spawn(gate, { ...options, env }, mark, "piped");
}

function spawn(
  [program = "", ...args]: string[],
  { cwd, env }: SupervisionOptions,
  mark: string,
  stdin: "null" | "piped",
): Deno.ChildProcess {
  // Also the marks of processes that this program belongs to, so that their guards find all.
  const marks = [Deno.env.get(SUPERVISED_BY), mark].filter((known) => known !== undefined).join(" ");
  return new Deno.Command(program, {
    args,
    cwd,
    env: { ...env, [SUPERVISED_BY]: marks },
    clearEnv: true,
    detached: HAS_GROUPS,
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

interface Guard {
  status: Promise<Deno.CommandStatus>;
  input: LineWriter;
  /** Converts a time by `performance.now()` to the guard's clock, in hundredths of a second; never to a later one. */
  readClock(): Promise<(ms: number) => number>;
  /** Closes its input, so that it kills what is left, and waits for its end. */
  release(): Promise<void>;
}

/** @param leaseMs Length of the lease; without one the guard has no clock. */
function startGuard(mark: string, leaseMs?: number): Guard {
  const tickMs = leaseMs === undefined ? 0 : Math.max(10, leaseMs / TICKS_PER_LEASE);
  const limited = leaseMs === undefined ? "0" : "1";
  const guard = new Deno.Command("sh", {
    args: ["-c", GUARD_SCRIPT, "process-guard", mark, limited, (tickMs / 1000).toFixed(3)],
    // In a group of its own, so that Ctrl-C in a terminal does not reach it. Without the marks of this program, so
    // that it still works while another guard kills this program.
    detached: true,
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const input = lineWriter(guard.stdin);
  const printed = new Response(guard.stdout).text();
  return {
    status: guard.status,
    input,
    async readClock() {
      const hundredths = Number.parseInt(await printed);
      const readBefore = performance.now();
      if (Number.isNaN(hundredths)) {
        throw new Error("The guard of a process ended before it printed its clock.");
      }
      return (ms) => hundredths + Math.floor((ms - readBefore) / 10);
    },
    async release() {
      await input.close();
      await Promise.all([guard.status, printed]);
    },
  };
}

/** Writes lines to a process that may have ended: its end is seen by its status. */
interface LineWriter {
  write(line: string): Promise<void>;
  /** Returns at once; of lines that could not be written meanwhile only the latest is written. */
  writeLatest(line: string): void;
  close(): Promise<void>;
}

function lineWriter(stdin: WritableStream<Uint8Array>): LineWriter {
  const input = stdin.getWriter();
  const ignoreEnded = (error: unknown) => {
    const { BrokenPipe, BadResource } = Deno.errors;
    if (![BrokenPipe, BadResource, TypeError].some((type) => error instanceof type)) throw error;
  };
  const write = (line: string) => input.write(new TextEncoder().encode(`${line}\n`)).catch(ignoreEnded);
  let writing = false;
  let latest: string | undefined;
  return {
    write,
    async writeLatest(line) {
      latest = line;
      if (writing) return;
      writing = true;
      while (latest !== undefined) {
        const next = latest;
        latest = undefined;
        await write(next);
      }
      writing = false;
    },
    close: () => input.close().catch(ignoreEnded),
  };
}

const killGroup = (group: number): void => killUnlessEnded(() => process.kill(-group, "SIGKILL"));

/** Calls `kill`; that all had ended already is no error. macOS says EPERM until the parent has read the exit status. */
function killUnlessEnded(kill: () => void): void {
  try {
    kill();
  } catch (error) {
    const { code = "" } = error as { code?: string };
    const hasEnded = ["ESRCH", "EPERM"].includes(code) || error instanceof TypeError ||
      error instanceof Deno.errors.NotFound;
    if (!hasEnded) throw error;
  }
}
