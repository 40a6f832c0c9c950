/** What a program and all processes that it starts take. Linux only: it reads /proc. */

export interface Measurement {
  /** From the start to the end of the program. */
  seconds: number;
  /** Largest sum of the resident memory of all its processes at one moment, looked at every 50 ms. */
  peakBytes: number;
  /** Of each program what it wrote to standard error when it failed, undefined when it did not. */
  failures: (string | undefined)[];
}

export interface ProcessOptions {
  cwd?: string;
  /** Added to the environment. */
  env?: Record<string, string>;
}

const PAGE_BYTES = 4096;
const LOOK_EVERY_MS = 50;

/** Runs programs at the same time to their ends and measures them together. */
export async function measureTogether(
  commands: string[][],
  options: ProcessOptions = {},
): Promise<Measurement> {
  const started = performance.now();
  const children = commands.map(([program, ...args]) =>
    new Deno.Command(program!, { args, ...options, stdin: "null", stdout: "null", stderr: "piped" }).spawn()
  );
  let peakBytes = 0;
  const look = () => void (peakBytes = Math.max(peakBytes, treeBytes(children.map(({ pid }) => pid))));
  const timer = setInterval(look, LOOK_EVERY_MS);
  try {
    const outputs = await Promise.all(children.map((child) => child.output()));
    const seconds = (performance.now() - started) / 1000;
    const failures = outputs.map(({ success, stderr }) =>
      success ? undefined : new TextDecoder().decode(stderr)
    );
    return { seconds, peakBytes, failures };
  } finally {
    clearInterval(timer);
  }
}

/** Runs one program to its end, which must be a good one. */
export async function measure(
  command: string[],
  options: ProcessOptions = {},
): Promise<Measurement> {
  const measured = await measureTogether([command], options);
  const [failure] = measured.failures;
  if (failure === undefined) return measured;
  throw new Error(`${command.join(" ")}: ${failure}`);
}

/** Resident memory of the processes `roots` and their descendants; pages that several share count for each. */
function treeBytes(roots: number[]): number {
  const parents = new Map<number, number>();
  const bytes = new Map<number, number>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
      // The name in brackets may hold anything; state, parent, … follow it, and the pages are the 24th field.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      parents.set(pid, Number(fields[1]));
      bytes.set(pid, Number(fields[21]) * PAGE_BYTES);
    } catch (error) {
      // A process may end while we look: before its file is opened, or before it is read (ESRCH, without a class).
      const isGone = error instanceof Deno.errors.NotFound || /os error 3\b/.test(String(error));
      if (!isGone) throw error;
    }
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid !== undefined && (roots.includes(pid) || isOurs(parents.get(pid)));
  return [...bytes].reduce((sum, [pid, size]) => isOurs(pid) ? sum + size : sum, 0);
}
