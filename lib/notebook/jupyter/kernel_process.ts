import { NotebookError } from "shopflow/errors/mod.ts";
import { type KernelConnection, writeConnectionFile } from "./connection_file.ts";
import { endWithOwner } from "./live_kernels.ts";
import { connectZmtp, type SocketType, type ZmtpSocket } from "./zmtp.ts";

export interface KernelOptions {
  /** Working directory of the notebook's code; the Deno kernel looks for `deno.json` from here upwards. */
  cwd: string;
  /** The whole environment of the kernel: it always has every permission, so it gets no secret it does not need. */
  env: Record<string, string>;
  /** Folder for the connection file while the kernel starts; by default the system's. */
  temporaryFolder?: string;
  /** Milliseconds until a kernel that has not answered counts as not starting. Default 30,000. */
  startTimeout?: number;
}

/** A running kernel with its two sockets. */
export interface KernelProcess {
  key: string;
  shell: ZmtpSocket;
  iopub: ZmtpSocket;
  /** Resolves when the process has ended, with why, for messages. */
  ended: Promise<string>;
  /** Ends the process at once and waits until it is gone. */
  kill(): Promise<void>;
}

/** A process without sockets yet. */
type StartedProcess = Pick<KernelProcess, "ended" | "kill">;

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
 * Starts the Deno kernel and connects to it.
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

async function startOnce({ startTimeout = 30_000, ...options }: KernelOptions): Promise<KernelProcess> {
  const { temporaryFolder } = options;
  if (temporaryFolder !== undefined) await Deno.mkdir(temporaryFolder, { recursive: true });
  const folder = await Deno.makeTempDir({ dir: temporaryFolder, prefix: "shopflow-kernel-" });
  try {
    const connection = await writeConnectionFile(folder);
    const process = spawnKernel(connection.path, options);
    try {
      const sockets = await connect(connection, process, startTimeout);
      return { key: connection.key, ...process, ...sockets };
    } catch (error) {
      await process.kill();
      throw error;
    }
  } finally {
    // The kernel has read the file by now, and nobody else needs its key.
    await Deno.remove(folder, { recursive: true });
  }
}

function spawnKernel(connectionFile: string, { cwd, env }: KernelOptions): StartedProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["jupyter", "--kernel", "--conn", connectionFile],
    cwd,
    env,
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const release = endWithOwner(child);
  const ended = endOf(child).finally(release);
  const kill = async () => {
    killQuietly(child);
    await ended;
  };
  return { ended, kill };
}

/** Connects both sockets as soon as the kernel listens, unless it ends or takes too long before. */
async function connect(
  { shellPort, iopubPort }: KernelConnection,
  { ended }: StartedProcess,
  startTimeout: number,
): Promise<{ shell: ZmtpSocket; iopub: ZmtpSocket }> {
  const stop = new AbortController();
  const timer = setTimeout(() => {
    stop.abort(
      new NotebookError("The Deno kernel did not start in time", { expected: `${startTimeout / 1000} s` }),
    );
  }, startTimeout);
  ended.then((reason) =>
    stop.abort(
      new EndedAtStart("The Deno kernel ended while it started", {
        found: reason,
        remedy: "Try `deno jupyter --version`; the kernel is part of Deno.",
      }),
    )
  );
  const open: ZmtpSocket[] = [];
  try {
    const [shell, iopub] = await Promise.all(
      ([[shellPort, "DEALER"], [iopubPort, "SUB"]] as const).map(async ([port, type]) => {
        const socket = await connectWhenUp(port, type, stop.signal);
        open.push(socket);
        return socket;
      }),
    );
    return { shell: shell!, iopub: iopub! };
  } catch (error) {
    for (const socket of open) socket.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function connectWhenUp(port: number, type: SocketType, stop: AbortSignal): Promise<ZmtpSocket> {
  while (true) {
    try {
      return await connectZmtp(port, type);
    } catch (error) {
      if (!NOT_UP_YET.some((kind) => error instanceof kind)) throw error;
      stop.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** Reads standard error to its end, so that the kernel never blocks on a full pipe, and keeps the last of it. */
async function endOf(child: Deno.ChildProcess): Promise<string> {
  let tail = "";
  const reading = (async () => {
    for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
      tail = (tail + chunk).slice(-STDERR_TAIL);
    }
  })();
  const status = await child.status;
  // A grandchild may hold the pipe open after the kernel is gone; what it writes is not waited for.
  await Promise.race([reading, new Promise((resolve) => setTimeout(resolve, 100))]);
  const why = status.signal ? `ended by ${status.signal}` : `ended with code ${status.code}`;
  // deno-lint-ignore no-control-regex -- terminal colours
  const words = tail.replace(/\x1b\[[\d;]*m/g, "").replace(/^Warning "deno jupyter" is unstable.*\n/, "")
    .trim();
  return words ? `${why}: ${words}` : why;
}

function killQuietly(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It had ended already.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
