import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { NotebookError } from "shopflow/errors/mod.ts";
import { delay, fileExists, makeWorkingFolder } from "shopflow/runtime/mod.ts";
import { startSupervised, type SupervisedProcess } from "shopflow/runtime/process/mod.ts";
import type { KernelCommand } from "./kernelspecs.ts";
import { connectZmtp, type SocketType, type ZmtpSocket } from "./zmtp.ts";

/** How a kernel and its client find and trust each other. */
interface KernelConnection {
  /** File that the kernel reads, readable by this user only. */
  path: string;
  /** Key of the messages' signatures. */
  key: string;
  shellPort: number;
  iopubPort: number;
}

const PORTS = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"] as const;

/** Chooses free ports of this machine and a key, and writes them for the kernel `name` into a file in `folder`. */
async function writeConnectionFile(folder: string, name: string): Promise<KernelConnection> {
  // All are open before the first is closed, so they differ.
  const listeners = PORTS.map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const numbers = listeners.map((listener) => (listener.addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  const [shellPort = 0, iopubPort = 0] = numbers;
  const ports = Object.fromEntries(PORTS.map((name, i) => [name, numbers[i]]));
  const key = randomUUID();
  const content = {
    ip: "127.0.0.1",
    transport: "tcp",
    key,
    signature_scheme: "hmac-sha256",
    kernel_name: name,
    ...ports,
  };
  const path = join(folder, "connection.json");
  await Deno.writeTextFile(path, JSON.stringify(content), { mode: 0o600 });
  return { path, key, shellPort, iopubPort };
}

export interface KernelOptions {
  /** What is started. */
  command: KernelCommand;
  /** Working directory of the notebook's code; the Deno kernel looks for `deno.json` from here upwards. */
  cwd: string;
  /** The complete environment of the kernel: it always has every permission, so it gets no secret it does not need. */
  env: Record<string, string>;
  /** Folder for the connection file while the kernel starts; by default the system's. */
  temporaryFolder?: string;
  /** Milliseconds until a kernel that has not answered counts as not starting. Default 30,000. */
  startTimeout?: number | undefined;
  /** Lets that time pass, or stops when it is not needed any more; tests put their own in its place. */
  startTimer?: ((milliseconds: number, signal: AbortSignal) => Promise<void>) | undefined;
}

/** Resolves after a time; an abort of `signal` only spares the timer. */
export function elapsed(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => clearTimeout(timer));
  });
}

/** Default of {@linkcode KernelOptions.startTimeout}. */
export const START_TIMEOUT = 30_000;

/** A running kernel with its two sockets. */
export interface KernelProcess {
  key: string;
  shell: ZmtpSocket;
  iopub: ZmtpSocket;
  /** What came on the process's own standard output, past the protocol: native libraries print there. */
  nativeStdout: ReadableStream<string>;
  /** Resolves when the process has ended, with why, for messages. */
  ended: Promise<string>;
  /** Ends the process and all that it started at once, and waits until it is gone. */
  kill(): Promise<void>;
}

/** A process without sockets yet. */
type StartedProcess = Pick<KernelProcess, "ended" | "kill" | "nativeStdout">;

/** A kernel that ends by itself at its start, for which a taken port is the usual reason. */
class EndedAtStart extends NotebookError {}

/** Attempts with fresh ports: another program may take one between our choice and the kernel's start. */
const ATTEMPTS = 3;
const RETRY_MS = 5;
/** What a port answers on which the kernel does not listen yet, or no longer. */
const NOT_UP_YET = [
  NotebookError,
  Deno.errors.ConnectionRefused,
  Deno.errors.ConnectionReset,
  Deno.errors.BrokenPipe,
];
const STDERR_TAIL = 2000;

/**
 * Starts a kernel and connects to it.
 *
 * @throws {NotebookError} when it does not come up.
 */
export async function startKernel(options: KernelOptions): Promise<KernelProcess> {
  for (let attempt = 1;; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof EndedAtStart)) throw error;
    }
  }
}

async function startOnce(options: KernelOptions): Promise<KernelProcess> {
  const { temporaryFolder } = options;
  const folder = await makeWorkingFolder("kernel", temporaryFolder);
  const removeFolder = () => Deno.remove(folder, { recursive: true });
  try {
    const connection = await writeConnectionFile(folder, options.command.name);
    const process = await spawnKernel(connection.path, options, removeFolder);
    try {
      const sockets = await connect(connection, process, options);
      return { key: connection.key, ...process, ...sockets };
    } catch (error) {
      await process.nativeStdout.cancel();
      await process.kill();
      throw error;
    }
  } catch (error) {
    if (await fileExists(folder)) await removeFolder();
    throw error;
  }
}

/** Spawns the kernel; `cleanUp` is called when it has ended, since some write into the connection file's folder. */
async function spawnKernel(
  connectionFile: string,
  { command, cwd, env }: KernelOptions,
  cleanUp: () => Promise<void>,
): Promise<StartedProcess> {
  const argv = command.argv.map((part) => part.replaceAll("{connection_file}", connectionFile));
  const supervised = await spawnOrExplain(command.name, argv, { cwd, env: { ...env, ...command.env } });
  const ended = endOf(supervised).then(async (reason) => {
    await cleanUp();
    return reason;
  });
  const kill = async () => {
    await supervised.end();
    await ended;
  };
  return { nativeStdout: supervised.child.stdout.pipeThrough(new TextDecoderStream()), ended, kill };
}

async function spawnOrExplain(
  name: string,
  argv: string[],
  options: { cwd: string; env: Record<string, string> },
): Promise<SupervisedProcess> {
  try {
    return await startSupervised(argv, options);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.PermissionDenied)) {
      throw cause;
    }
    throw new NotebookError(`The kernel ${name} cannot be started`, {
      expected: `the program ${argv[0]} and the folder ${options.cwd}`,
      found: cause.message,
      remedy: "Install the kernel again, or correct the argv of its kernel.json.",
    });
  }
}

/** Connects both sockets as soon as the kernel listens, unless it ends or takes too long before. */
async function connect(
  { shellPort, iopubPort }: KernelConnection,
  { ended }: StartedProcess,
  { command: { name }, startTimeout = START_TIMEOUT, startTimer = elapsed }: KernelOptions,
): Promise<{ shell: ZmtpSocket; iopub: ZmtpSocket }> {
  const stop = new AbortController();
  const seen: { last?: Error } = {};
  const timer = new AbortController();
  startTimer(startTimeout, timer.signal).then(() => {
    if (timer.signal.aborted) return;
    stop.abort(
      new NotebookError(`The kernel ${name} did not start in time`, {
        expected: `an answer within ${startTimeout / 1000} s`,
        found: seen.last?.message,
      }),
    );
  });
  ended.then((reason) =>
    stop.abort(
      new EndedAtStart(`The kernel ${name} ended while it started`, {
        found: reason,
        remedy: name === "deno" ? "Try `deno jupyter --version`; the kernel is part of Deno." : undefined,
      }),
    )
  );
  const open: ZmtpSocket[] = [];
  try {
    const opened = async (port: number, type: SocketType) => {
      const socket = await connectWhenUp(port, type, stop.signal, seen);
      open.push(socket);
      return socket;
    };
    const [shell, iopub] = await Promise.all([opened(shellPort, "DEALER"), opened(iopubPort, "SUB")]);
    return { shell, iopub };
  } catch (error) {
    for (const socket of open) socket.close();
    throw error;
  } finally {
    timer.abort();
  }
}

async function connectWhenUp(
  port: number,
  type: SocketType,
  stop: AbortSignal,
  seen: { last?: Error },
): Promise<ZmtpSocket> {
  while (true) {
    try {
      return await connectZmtp(port, type, stop);
    } catch (error) {
      stop.throwIfAborted();
      if (!NOT_UP_YET.some((kind) => error instanceof kind)) throw error;
      seen.last = error as Error;
      await delay(RETRY_MS);
    }
  }
}

/** Reads standard error to its end, so that the kernel never blocks on a full pipe, and keeps the last of it. */
async function endOf({ child, end }: SupervisedProcess): Promise<string> {
  let tail = "";
  const reading = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      tail = (tail + chunk).slice(-STDERR_TAIL);
    }
  })();
  const status = await child.status;
  // What it started may still run, and hold the pipe open.
  await end();
  await reading;
  const why = status.signal ? `ended by ${status.signal}` : `ended with code ${status.code}`;
  // deno-lint-ignore no-control-regex -- terminal colours
  const words = tail.replace(/\x1b\[[\d;]*m/g, "").replace(/^Warning "deno jupyter" is unstable.*\n/, "")
    .trim();
  return words ? `${why}: ${words}` : why;
}
