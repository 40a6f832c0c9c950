import { setTimeout as delay } from "node:timers/promises";

/** What a process and those it started cost. */
export interface ProcessCost {
  seconds: number;
  /** Highest sum of the resident memory of the process and its descendants, seen every 50 ms; bytes. */
  peakBytes: number;
}

/**
 * Runs a command to its end and measures it, from outside.
 *
 * @param options.env Added to the environment.
 * @throws {Error} with what it printed when it fails.
 */
export async function measureProcess(
  command: string,
  args: string[],
  { env = {}, cwd }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<ProcessCost> {
  const started = performance.now();
  const child = new Deno.Command(command, { args, env, cwd, stdout: "piped", stderr: "piped" }).spawn();
  const output = child.output();
  let ended = false;
  const ending = output.then(() => ended = true);
  let peakBytes = 0;
  while (!ended) {
    peakBytes = Math.max(peakBytes, await treeBytes(child.pid));
    await Promise.race([ending, delay(50)]);
  }
  const seconds = (performance.now() - started) / 1000;
  const { success, stdout, stderr } = await output;
  if (success) return { seconds, peakBytes };
  const decoder = new TextDecoder();
  throw new Error(`${command} ${args.join(" ")} failed\n${decoder.decode(stdout)}${decoder.decode(stderr)}`);
}

async function treeBytes(root: number): Promise<number> {
  const parents = new Map<number, number>();
  const bytes = new Map<number, number>();
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = await Deno.readTextFile(`/proc/${name}/status`);
      parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)![1]));
      bytes.set(Number(name), 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    } catch (error) {
      // It ended between the listing and the reading.
      if (!(error instanceof Deno.errors.NotFound) && !/ESRCH|No such process/.test(String(error))) {
        throw error;
      }
    }
  }
  const isOfTree = (pid: number): boolean =>
    pid === root || (parents.has(pid) && isOfTree(parents.get(pid)!));
  return [...bytes].reduce((sum, [pid, size]) => isOfTree(pid) ? sum + size : sum, 0);
}
