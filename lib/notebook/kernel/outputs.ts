import { formatCount } from "shopflow/runtime/mod.ts";
import { maskSecrets } from "shopflow/errors/mod.ts";
import type { DisplayOutput, ErrorOutput, Output, ResultOutput, StreamOutput } from "../format/nbformat.ts";
import type { WireMessage } from "./messages.ts";

/** Beyond this much text, further output is left out, and the cell says so. */
export interface OutputLimits {
  /** Characters of one cell. Default 20 million. */
  cell?: number;
  /** Characters of the whole notebook. Default 100 million. */
  notebook?: number;
}

/**
 * Turns the messages of the kernel's IOPub socket into the outputs of cells, as Jupyter's front ends do:
 * streams are joined, `clear_output` clears, `update_display_data` changes what was displayed before.
 */
export class OutputCollector {
  #limits: Required<OutputLimits>;
  #total = 0;
  #full = new Set<Output[]>();
  /** By display id, what was shown under it, and in which cell. */
  #displayed = new Map<string, { output: DisplayOutput | ResultOutput; outputs: Output[] }[]>();
  #sizes = new Map<Output[], number>();
  #clearOnNext = new Set<Output[]>();

  constructor({ cell = 20_000_000, notebook = 100_000_000 }: OutputLimits = {}) {
    this.#limits = { cell, notebook };
  }

  /** Adds what the message says to `outputs`, the list of the cell that it belongs to. */
  add(outputs: Output[], type: string, content: Record<string, unknown>): void {
    switch (type) {
      case "stream":
        return this.#add(outputs, {
          output_type: "stream",
          name: content.name === "stderr" ? "stderr" : "stdout",
          text: String(content.text ?? ""),
        });
      case "display_data":
        return this.#add(outputs, { output_type: "display_data", ...bundleOf(content) }, content);
      case "execute_result":
        return this.#add(outputs, {
          output_type: "execute_result",
          execution_count: content.execution_count as number,
          ...bundleOf(content),
        }, content);
      case "error":
        return this.#add(outputs, errorOf(content));
      case "update_display_data":
        for (const shown of this.#displayed.get(displayId(content) ?? "") ?? []) {
          this.#update(shown, bundleOf(content));
        }
        return;
      case "clear_output":
        if (content.wait) this.#clearOnNext.add(outputs);
        else this.#clear(outputs);
    }
  }

  #add(outputs: Output[], output: Output, content: Record<string, unknown> = {}): void {
    if (this.#clearOnNext.delete(outputs)) this.#clear(outputs);
    if (output.output_type !== "error" && !this.#fits(outputs, output)) return;
    this.#append(outputs, output);
    const id = displayId(content);
    if (id !== undefined && "data" in output) {
      this.#displayed.set(id, [...this.#displayed.get(id) ?? [], { output, outputs }]);
    }
  }

  /** An update counts in place of what it replaces; where it would exceed the limit, the previous output stays. */
  #update(
    { output, outputs }: { output: DisplayOutput | ResultOutput; outputs: Output[] },
    bundle: ReturnType<typeof bundleOf>,
  ): void {
    if (!outputs.includes(output)) return; // cleared since
    const more = JSON.stringify(bundle.data).length - JSON.stringify(output.data).length;
    if (more > this.#remaining(outputs)) return this.#refuse(outputs);
    this.#count(outputs, more);
    Object.assign(output, bundle);
  }

  /** A cell that shows its progress again and again clears as much as it writes. */
  #clear(outputs: Output[]): void {
    outputs.length = 0;
    this.#total -= this.#sizes.get(outputs) ?? 0;
    this.#sizes.delete(outputs);
    this.#full.delete(outputs);
  }

  /** Whether it is within the limits; of a stream, the part within them is kept. */
  #fits(outputs: Output[], output: StreamOutput | DisplayOutput | ResultOutput): boolean {
    if (this.#full.has(outputs)) return false;
    const remaining = this.#remaining(outputs);
    const size = "text" in output ? output.text.length : JSON.stringify(output.data).length;
    if (size <= remaining) {
      this.#count(outputs, size);
      return true;
    }
    if ("text" in output && remaining > 0) {
      this.#append(outputs, { ...output, text: maskSecrets(output.text).slice(0, remaining) });
      this.#count(outputs, remaining);
    }
    this.#refuse(outputs);
    return false;
  }

  /** Characters that the cell may still have. */
  #remaining(outputs: Output[]): number {
    const ofCell = this.#limits.cell - (this.#sizes.get(outputs) ?? 0);
    return Math.min(ofCell, this.#limits.notebook - this.#total);
  }

  #count(outputs: Output[], characters: number): void {
    this.#sizes.set(outputs, (this.#sizes.get(outputs) ?? 0) + characters);
    this.#total += characters;
  }

  /** Notes once that a cell's further output is left out. */
  #refuse(outputs: Output[]): void {
    if (this.#full.has(outputs)) return;
    this.#full.add(outputs);
    const { cell, notebook } = this.#limits;
    const ofCell = cell - (this.#sizes.get(outputs) ?? 0) <= notebook - this.#total;
    outputs.push({
      output_type: "stream",
      name: "stderr",
      text: `\nFurther output of this cell was left out: ${
        ofCell ? "the cell" : "the notebook"
      } has more than ${formatCount(ofCell ? cell : notebook)} characters.\n`,
    });
  }

  /** Joins a piece of a stream to the one before. */
  #append(outputs: Output[], output: Output): void {
    const last = outputs.at(-1);
    if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
      last.text += output.text;
    } else {
      outputs.push(output);
    }
  }
}

/** Characters that are kept of an error's message, and of its traceback. */
const LONGEST_MESSAGE = 10_000, LONGEST_TRACEBACK = 100_000;

/**
 * The content of an `error` message or of a failed reply as an output. Errors are kept beyond all limits, so each has
 * one of its own: an error may quote all of the data that it is about.
 */
export function errorOf(content: Record<string, unknown>): ErrorOutput {
  const traceback = Array.isArray(content.traceback) ? content.traceback.map(String) : [];
  const length = traceback.reduce((total, line) => total + line.length, 0);
  return {
    output_type: "error",
    ename: shortened(String(content.ename ?? "Error"), LONGEST_MESSAGE),
    evalue: shortened(String(content.evalue ?? ""), LONGEST_MESSAGE),
    traceback: length > LONGEST_TRACEBACK ? [shortened(traceback.join("\n"), LONGEST_TRACEBACK)] : traceback,
  };
}

/** Masked before it is cut, or a piece of a secret would stay. */
const shortened = (text: string, longest: number) =>
  text.length > longest
    ? `${maskSecrets(text).slice(0, longest)} … (${formatCount(text.length)} characters in all)`
    : text;

function bundleOf(content: Record<string, unknown>) {
  return {
    data: (content.data ?? {}) as Record<string, unknown>,
    metadata: (content.metadata ?? {}) as Record<string, unknown>,
  };
}

function displayId(content: Record<string, unknown>): string | undefined {
  const id = (content.transient as { display_id?: unknown } | undefined)?.display_id;
  return typeof id === "string" ? id : undefined;
}

/** The result of a piece of code. */
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
  signal?: AbortSignal | undefined;
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
