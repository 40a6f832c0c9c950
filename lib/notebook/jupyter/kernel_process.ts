import { NotebookError } from "shopflow/errors/mod.ts";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { endWithOwner } from "./live_kernels.ts";
import { connectZmtp, type ZmtpSocket } from "./zmtp.ts";

export interface KernelOptions {
  /** Working directory of the notebook's code; the Deno kernel looks for `deno.json` from here upwards. */
  cwd: string;
  /** The whole environment of the kernel: it always has every permission, so it gets no secret it does not need. */
  env: Record<string, string>;
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

/** Attempts with fresh ports: another program may take one between our choice and the kernel's start. */
const ATTEMPTS = 3;
const RETRY_MS = 5;
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
      if (attempt === ATTEMPTS || !(error instanceof NotebookError)) throw error;
    }
  }
}

async function startOnce({ cwd, env, startTimeout = 30_000 }: KernelOptions): Promise<KernelProcess> {
  const folder = await Deno.makeTempDir({ prefix: "shopflow-kernel-" });
  const key = randomUUID();
  const [shellPort, iopubPort, stdin_port, control_port, hb_port] = freePorts(5) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const connectionFile = join(folder, "connection.json");
  const description = {
    ip: "127.0.0.1",
    transport: "tcp",
    key,
    signature_scheme: "hmac-sha256",
    kernel_name: "deno",
    shell_port: shellPort,
    iopub_port: iopubPort,
    stdin_port,
    control_port,
    hb_port,
  };
  await Deno.writeTextFile(connectionFile, JSON.stringify(description), { mode: 0o600 });
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
  const ended = endOf(child).finally(async () => {
    release();
    await Deno.remove(folder, { recursive: true });
  });
  const kill = async () => {
    killQuietly(child);
    await ended;
  };
  try {
    const deadline = AbortSignal.timeout(startTimeout);
    const died = ended.then((reason): never => {
      throw new NotebookError("The Deno kernel ended while it started", {
        found: reason,
        remedy: "Try `deno jupyter --version`; the kernel is part of Deno.",
      });
    });
    const connect = (port: number, type: "DEALER" | "SUB") =>
      Promise.race([died, connectWhenUp(port, type, deadline)]);
    const [shell, iopub] = await Promise.all([connect(shellPort, "DEALER"), connect(iopubPort, "SUB")]);
    died.catch(() => {}); // From here on the end of the process is told by `ended`.
    return { key, shell, iopub, ended, kill };
  } catch (error) {
    await kill();
    throw error;
  }
}

async function connectWhenUp(
  port: number,
  type: "DEALER" | "SUB",
  deadline: AbortSignal,
): Promise<ZmtpSocket> {
  while (true) {
    try {
      return await connectZmtp(port, type);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.ConnectionRefused || cause instanceof NotebookError)) throw cause;
      if (deadline.aborted) throw new NotebookError("The Deno kernel did not start in time", { cause });
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** Ports that are free now, all different. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map((listener) => (listener.addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
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
