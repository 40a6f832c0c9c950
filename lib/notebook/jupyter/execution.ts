import type { ErrorOutput, Output } from "../nbformat.ts";
import { errorOf } from "./output_collector.ts";
import type { WireMessage } from "./wire_message.ts";

/** What became of a piece of code. */
export interface Execution {
  executionCount: number | null;
  /** All its outputs; late ones are still added until the kernel is closed. */
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
  /** Ends the cell with its kernel. */
  signal?: AbortSignal;
  /** An empty list for the outputs. */
  outputs?: Output[];
}

/** A request under way and what arrived for it. */
export interface Pending {
  execution: Execution;
  reply: PromiseWithResolvers<Record<string, unknown>>;
  /** Resolves when its closing sentinel came. */
  barrier: PromiseWithResolvers<void>;
}

/** Notes the kernel's answer on the shell socket. */
export function takeReply(pending: Pending, { content }: WireMessage): void {
  const { execution, reply } = pending;
  execution.executionCount ??= (content.execution_count as number | undefined) ?? null;
  if (content.status === "error") execution.error ??= errorOf(content);
  reply.resolve(content);
}

/**
 * A request for which nothing has arrived.
 *
 * @param outputs Where its outputs are put.
 */
export const newPending = (outputs: Output[] = []): Pending => ({
  execution: { executionCount: null, outputs },
  reply: Promise.withResolvers(),
  barrier: Promise.withResolvers(),
});
