import { NotebookError } from "shopflow/errors/mod.ts";
import { randomUUID } from "node:crypto";
import { BARRIER, barrierCode, PRELUDE, READ, type ReadFact, UNHANDLED } from "./kernel_messages.ts";
import { type KernelOptions, type KernelProcess, startKernel } from "./kernel_process.ts";
import type { ErrorOutput, Output } from "../nbformat.ts";
import { errorOf, OutputCollector } from "./output_collector.ts";
import {
  createRequest,
  decodeMessage,
  encodeMessage,
  type WireMessage,
  type WireSession,
} from "./wire_message.ts";

/** What became of a piece of code. */
export interface Execution {
  executionCount: number | null;
  /** All its outputs; late ones are still added until {@linkcode KernelClient.close} has returned. */
  outputs: Output[];
  /** Undefined when it succeeded. */
  error?: ErrorOutput;
}

export interface ExecuteOptions {
  /** Milliseconds. */
  timeout: number;
  /** What to say when it is over, e.g. `the notebook took longer than 60 s`. Default names the cell. */
  overtime?: string;
  /** Whether the code counts as a cell of the notebook. Default true. */
  counted?: boolean;
}

export interface KernelClient {
  /**
   * Executes code and waits for its outputs. A code that takes longer than the timeout, or that ends the
   * kernel, gives an error output, after which the kernel is gone.
   */
  execute(code: string, options: ExecuteOptions): Promise<Execution>;
  /** What the code reported to have read, in order. */
  readonly reads: ReadFact[];
  readonly alive: boolean;
  /** Waits until the kernel is quiet, then ends it. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How long the kernel must be silent before it counts as having said everything. */
const QUIET_MS = 30;
const PRELUDE_TIMEOUT = 30_000;

/** A request under way and what arrived for it. */
interface Pending {
  execution: Execution;
  reply: PromiseWithResolvers<void>;
  /** Resolves when its closing sentinel came. */
  barrier: PromiseWithResolvers<void>;
}

/** Starts a Deno kernel for one notebook. */
export async function openKernel(options: KernelOptions): Promise<KernelClient> {
  const client = new Client(await startKernel(options));
  try {
    const { error } = await client.execute(PRELUDE, { timeout: PRELUDE_TIMEOUT, counted: false });
    if (error) throw new NotebookError("The Deno kernel could not be prepared", { found: error.evalue });
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

class Client implements KernelClient {
  readonly reads: ReadFact[] = [];
  alive = true;
  #process: KernelProcess;
  #session: WireSession;
  #collector = new OutputCollector();
  /** By message id, of the code's request and of its closing request. */
  #pending = new Map<string, Pending>();
  #lastMessage = performance.now();
  #ended: Promise<string>;
  #reading: Promise<void>;

  constructor(process: KernelProcess) {
    this.#process = process;
    this.#session = { id: randomUUID(), key: process.key };
    this.#ended = process.ended.finally(() => this.alive = false);
    this.#reading = Promise.all([this.#read("shell"), this.#read("iopub")]).then(() => {});
    // A cell that waits gets this failure as its error; between cells it must not end the program.
    this.#reading.catch(() => {});
  }

  async execute(
    code: string,
    { timeout, overtime = `the cell took longer than ${timeout / 1000} s`, counted = true }: ExecuteOptions,
  ): Promise<Execution> {
    const pending: Pending = {
      execution: { executionCount: null, outputs: [] },
      reply: Promise.withResolvers(),
      barrier: Promise.withResolvers(),
    };
    const timer = new AbortController();
    const outcome = await Promise.race([
      this.#run(code, pending, counted),
      this.#ended.then((reason) => died(reason)),
      this.#reading.then(() => this.#ended.then(died), (error) => garbled(error)),
      elapsed(timeout, timer.signal).then(() => timedOut(overtime)),
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
    while (this.alive && performance.now() - this.#lastMessage < QUIET_MS) {
      await Promise.race([this.#ended, elapsed(QUIET_MS)]);
    }
    await this.#process.kill();
    this.#process.shell.close();
    this.#process.iopub.close();
    await this.#reading.catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The kernel reports idle before its last outputs, so a closing request follows the code's own. */
  async #run(code: string, pending: Pending, counted: boolean): Promise<undefined> {
    await this.#request(code, pending, { store_history: counted, silent: false });
    await pending.reply.promise;
    await this.#request(barrierCode(randomUUID()), pending, { store_history: false, silent: true });
    await pending.barrier.promise;
  }

  async #request(code: string, pending: Pending, history: { store_history: boolean; silent: boolean }) {
    const request = createRequest(this.#session, "execute_request", {
      code,
      ...history,
      user_expressions: {},
      // Without this, prompt() waits forever for an answer on standard input.
      allow_stdin: false,
      stop_on_error: true,
    });
    this.#pending.set(request.header.msg_id, pending);
    await this.#process.shell.send(encodeMessage(this.#session, request));
  }

  async #read(socket: "shell" | "iopub"): Promise<void> {
    for await (const frames of this.#process[socket].messages()) {
      this.#lastMessage = performance.now();
      const message = decodeMessage(this.#session, frames);
      const pending = this.#pending.get(message.parent.msg_id ?? "");
      if (pending === undefined) continue;
      if (socket === "shell") takeReply(pending, message);
      else this.#takeOutput(pending, message);
    }
  }

  #takeOutput(pending: Pending, { header, content }: WireMessage): void {
    const data = (content.data ?? {}) as Record<string, unknown>;
    if (data[BARRIER] !== undefined) return pending.barrier.resolve();
    if (data[READ] !== undefined) return void this.reads.push(data[READ] as ReadFact);
    const { execution } = pending;
    if (data[UNHANDLED] !== undefined) {
      const error = data[UNHANDLED] as Record<string, unknown>;
      execution.error ??= errorOf(error);
      return this.#collector.add(execution.outputs, "error", error);
    }
    this.#collector.add(execution.outputs, header.msg_type, content);
  }
}

function takeReply(pending: Pending, { content }: WireMessage): void {
  const { execution, reply } = pending;
  execution.executionCount ??= (content.execution_count as number | undefined) ?? null;
  if (content.status !== "ok") execution.error ??= errorOf(content);
  reply.resolve();
}

const died = (reason: string): ErrorOutput => ({
  output_type: "error",
  ename: "KernelDied",
  evalue: `the kernel ended while it ran this cell (${reason})`,
  traceback: [
    `The kernel ended while it ran this cell: ${reason}.`,
    "Deno.exit(), a crash of a native library or a lack of memory do that.",
  ],
});

const garbled = (error: unknown): ErrorOutput => ({
  output_type: "error",
  ename: "KernelProtocolError",
  evalue: error instanceof Error ? error.message : String(error),
  traceback: ["What came from the kernel could not be read.", String(error)],
});

const timedOut = (overtime: string): ErrorOutput => ({
  output_type: "error",
  ename: "Timeout",
  evalue: overtime,
  traceback: [`The kernel was ended, since ${overtime}.`],
});

function elapsed(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => clearTimeout(timer));
  });
}
