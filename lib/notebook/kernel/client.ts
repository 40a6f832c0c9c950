import { NotebookError } from "shopflow/errors/mod.ts";
import { randomUUID } from "node:crypto";
import {
  BARRIER,
  barrierCode,
  createRequest,
  decodeMessage,
  encodeMessage,
  type LargeOutputs,
  LINEAGE,
  type LineageEntry,
  openLargeOutputs,
  preludeCode,
  type RunName,
  UNHANDLED,
  type WireMessage,
  type WireSession,
} from "./messages.ts";
import {
  errorOf,
  type ExecuteOptions,
  type Execution,
  newPending,
  OutputCollector,
  type Pending,
  takeReply,
} from "./outputs.ts";
import { cancelled, died, protocolError, timedOut } from "./failures.ts";
import { guardLockFile } from "./lock_file.ts";
import { elapsed, type KernelOptions, type KernelProcess, START_TIMEOUT, startKernel } from "./process.ts";
import { DENO_KERNELSPEC, type ErrorOutput } from "../format/nbformat.ts";

/** Resolves when `signal` aborts, unless `over` came before. */
function aborted(over: AbortSignal, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal?.addEventListener("abort", () => resolve(), { signal: over });
  });
}

/** What a kernel says of itself. */
export interface KernelInfo {
  implementation: string;
  version: string;
  language: string;
}

export interface KernelClient {
  readonly info: KernelInfo;
  /**
   * Executes code and waits for its outputs. A code that takes longer than the timeout, is cancelled, or ends
   * the kernel, gives an error output, after which the kernel is gone.
   */
  execute(code: string, options: ExecuteOptions): Promise<Execution>;
  /** What the code reported to have read, in order. */
  readonly lineage: LineageEntry[];
  readonly alive: boolean;
  /** Waits until the kernel is quiet, then ends it. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How long the kernel must be silent before it counts as having said everything. */
const QUIET_MS = 30;
/** The same of other kernels: ipykernel sends what a thread printed 200 ms later, on a busy machine still later. */
const QUIET_OF_OTHERS_MS = 1000;
/** How long it is waited for: a timer that a cell started may write for ever. */
const QUIET_LIMIT_MS = 3_000;
/** A kernel may publish before it has noticed that we listen; then it is asked once more. */
const ASK_AGAIN_MS = 250;

/** How to start a kernel, and what the notebook reads in it where it names no version itself. */
interface OpenOptions extends KernelOptions {
  pinnedVersions?: LineageEntry[] | undefined;
  /** The run, for what its cells log. */
  run?: RunName | undefined;
}

/**
 * Starts a kernel for one notebook.
 *
 * @throws {NotebookError} when it does not come up or does not answer.
 */
export async function openKernel(
  { pinnedVersions = [], run, ...options }: OpenOptions,
): Promise<KernelClient> {
  const { name } = options.command;
  const resources = new AsyncDisposableStack();
  if (name === DENO_KERNELSPEC.name) resources.use(await guardLockFile(options.cwd));
  const large = resources.use(await openLargeOutputs(options.temporaryFolder));
  let client: Client | undefined;
  try {
    client = new Client(await startKernel(options), name === DENO_KERNELSPEC.name, { large, resources });
    await client.prepare({ pinnedVersions, run }, name, options);
    return client;
  } catch (error) {
    await (client ?? resources)[Symbol.asyncDispose]();
    throw error;
  }
}

class Client implements KernelClient {
  readonly lineage: LineageEntry[] = [];
  alive = true;
  info: KernelInfo = { implementation: "", version: "", language: "" };
  #isDeno: boolean;
  #large: LargeOutputs;
  /** What ends with the kernel. */
  #resources: AsyncDisposable;
  #process: KernelProcess;
  #session: WireSession;
  #collector = new OutputCollector();
  /** By message id, of the code's request and of its closing request. */
  #pending = new Map<string, Pending>();
  /** By message id, what waits until the kernel reports idle. */
  #idle = new Map<string, PromiseWithResolvers<void>>();
  /** The code that runs, or ran last: text on the process's own output is its. */
  #current?: Pending;
  #lastMessage = performance.now();
  #ended: Promise<string>;
  #reading: Promise<void>;

  constructor(
    process: KernelProcess,
    isDeno: boolean,
    { large, resources }: { large: LargeOutputs; resources: AsyncDisposable },
  ) {
    this.#process = process;
    this.#isDeno = isDeno;
    this.#large = large;
    this.#resources = resources;
    this.#session = { id: randomUUID(), key: process.key };
    this.#ended = process.ended.finally(() => this.alive = false);
    const sockets = [this.#read("shell"), this.#read("iopub"), this.#readNativeStdout()];
    this.#reading = Promise.all(sockets).then(() => {});
    // A cell that waits gets this failure as its error; between cells it must not end the program.
    this.#reading.catch(() => {});
  }

  /** Waits until the kernel answers on both sockets, and prepares a Deno kernel for our runner. */
  async prepare(
    { pinnedVersions, run }: { pinnedVersions: LineageEntry[]; run: RunName | undefined },
    name: string,
    { startTimeout: timeout = START_TIMEOUT, startTimer = elapsed }: Omit<KernelOptions, "command">,
  ): Promise<void> {
    const failed = (found: string) =>
      new NotebookError(`The kernel ${name} could not be prepared`, { found });
    const timer = new AbortController();
    const failure = await Promise.race([
      this.#greet(timer.signal),
      this.#lost().then(({ evalue }) => evalue),
      startTimer(timeout, timer.signal).then(() => `no answer within ${timeout / 1000} s`),
    ]);
    timer.abort();
    if (failure !== undefined) throw failed(failure);
    if (!this.#isDeno) return;
    const { error } = await this.execute(preludeCode(pinnedVersions, this.#large.folder, run), {
      timeout,
      counted: false,
    });
    if (error) throw failed(error.evalue);
  }

  async execute(
    code: string,
    { timeout, overtime = `the cell took longer than ${timeout / 1000} s`, counted = true, signal, outputs }:
      ExecuteOptions,
  ): Promise<Execution> {
    const pending = newPending(outputs);
    this.#current = pending;
    const timer = new AbortController();
    const outcome = signal?.aborted ? cancelled(signal.reason) : await Promise.race([
      this.#run(code, pending, counted),
      this.#lost(),
      elapsed(timeout, timer.signal).then(() => timedOut(overtime)),
      aborted(timer.signal, signal).then(() => cancelled(signal?.reason)),
    ]);
    timer.abort();
    const { execution } = pending;
    if (outcome) {
      await this.#process.kill();
      // What the kernel said before its end is still on the way.
      await this.#reading.catch(() => {});
      execution.error = outcome;
      execution.outputs.push(outcome);
    }
    return execution;
  }

  async close(): Promise<void> {
    const latest = performance.now() + QUIET_LIMIT_MS;
    if (this.#isDeno && this.alive) {
      const timer = new AbortController();
      // Of a kernel that cannot be asked any more nothing will come.
      const asked = this.#letTimersCome().catch(() => {});
      await Promise.race([asked, this.#ended, elapsed(QUIET_LIMIT_MS, timer.signal)]);
      timer.abort();
    }
    const spell = this.#isDeno ? QUIET_MS : QUIET_OF_OTHERS_MS;
    const isQuiet = () => performance.now() - this.#lastMessage >= spell;
    while (this.alive && !isQuiet() && performance.now() < latest) {
      await Promise.race([this.#ended, elapsed(spell)]);
    }
    await this.#process.kill();
    this.#process.shell.close();
    this.#process.iopub.close();
    await this.#reading.catch(() => {});
    await this.#resources[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Resolves when the kernel can tell nothing more. */
  #lost(): Promise<ErrorOutput> {
    return Promise.race([
      this.#ended.then(died),
      this.#reading.then(() => this.#ended.then(died), protocolError),
    ]);
  }

  /** Asks until the answer comes on both sockets: from then on nothing that is published is missed. */
  async #greet(stop: AbortSignal): Promise<undefined> {
    while (!stop.aborted) {
      const pending = newPending();
      const asked = await this.#request("kernel_info_request", {}, pending, pending.barrier);
      const content = await pending.reply.promise;
      const { name = "" } = (content.language_info ?? {}) as { name?: string };
      this.info = {
        implementation: String(content.implementation ?? ""),
        version: String(content.implementation_version ?? ""),
        language: name,
      };
      const heard = pending.barrier.promise.then(() => true);
      if (await Promise.race([heard, elapsed(ASK_AGAIN_MS, stop).then(() => false)])) return;
      this.#pending.delete(asked);
    }
  }

  /**
   * The Deno kernel reports idle before its last outputs, so a closing request follows the code's own. Other
   * kernels keep to the protocol, where idle comes last; what their threads print later still belongs to the cell.
   */
  async #run(code: string, pending: Pending, counted: boolean): Promise<undefined> {
    const idle = Promise.withResolvers<void>();
    await this.#execute(code, pending, { store_history: counted, silent: false }, idle);
    await pending.reply.promise;
    if (!this.#isDeno) await idle.promise;
    const barrier = this.#isDeno ? barrierCode(randomUUID()) : "";
    const closing = this.#isDeno ? undefined : pending.barrier;
    await this.#execute(barrier, pending, { store_history: false, silent: true }, closing);
    await pending.barrier.promise;
  }

  /**
   * Waits until the kernel itself has let the spell pass: on a busy machine it may be silent for longer and have done
   * nothing of what was due in it. What comes meanwhile is the last cell's.
   */
  async #letTimersCome(): Promise<void> {
    if (this.#current === undefined) return;
    const pending = { ...newPending(), execution: this.#current.execution };
    await this.#execute(barrierCode(randomUUID(), QUIET_MS), pending, { store_history: false, silent: true });
    await pending.barrier.promise;
  }

  async #execute(
    code: string,
    pending: Pending,
    history: { store_history: boolean; silent: boolean },
    idle?: PromiseWithResolvers<void>,
  ): Promise<void> {
    const content = {
      code,
      ...history,
      user_expressions: {},
      // Without this, prompt() waits forever for an answer on standard input.
      allow_stdin: false,
      stop_on_error: true,
    };
    await this.#request("execute_request", content, pending, idle);
  }

  /** Gives the request's id; `idle` resolves when the kernel reports that it is done with it. */
  async #request(
    type: string,
    content: Record<string, unknown>,
    pending: Pending,
    idle?: PromiseWithResolvers<void>,
  ): Promise<string> {
    const request = createRequest(this.#session, type, content);
    const id = request.header.msg_id;
    this.#pending.set(id, pending);
    if (idle) this.#idle.set(id, idle);
    await this.#process.shell.send(encodeMessage(this.#session, request));
    return id;
  }

  /** What native libraries print is of the cell that called them; ipykernel sends that itself, so there it is a copy. */
  async #readNativeStdout(): Promise<void> {
    for await (const text of this.#process.nativeStdout) {
      this.#lastMessage = performance.now();
      if (this.#isDeno && this.#current) {
        this.#collector.add(this.#current.execution.outputs, "stream", { name: "stdout", text });
      }
    }
  }

  async #read(socket: "shell" | "iopub"): Promise<void> {
    for await (const frames of this.#process[socket].messages()) {
      this.#lastMessage = performance.now();
      const message = decodeMessage(this.#session, frames);
      const pending = this.#pending.get(message.parent.msg_id ?? "");
      if (pending === undefined) continue;
      if (socket === "shell") takeReply(pending, message);
      else await this.#takeOutput(pending, message);
    }
  }

  async #takeOutput(pending: Pending, { header, parent, content }: WireMessage): Promise<void> {
    const data = await this.#large.fetch((content.data ?? {}) as Record<string, unknown>);
    if (data[BARRIER] !== undefined) return pending.barrier.resolve();
    if (data[LINEAGE] !== undefined) return void this.lineage.push(data[LINEAGE] as LineageEntry);
    const { execution } = pending;
    if (header.msg_type === "status") {
      if (content.execution_state === "idle") this.#idle.get(parent.msg_id ?? "")?.resolve();
      return;
    }
    if (data[UNHANDLED] !== undefined) {
      const error = data[UNHANDLED] as Record<string, unknown>;
      execution.error ??= errorOf(error);
      return this.#collector.add(execution.outputs, "error", error);
    }
    this.#collector.add(execution.outputs, header.msg_type, { ...content, data });
  }
}
