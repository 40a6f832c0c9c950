import type { DisplayOutput, ErrorOutput, Output, ResultOutput, StreamOutput } from "../nbformat.ts";

/** Beyond this much text in one cell, further output is left out, and the cell says so. */
const MAX_CELL_CHARACTERS = 20_000_000;

/**
 * Turns the messages of the kernel's IOPub socket into the outputs of cells, as Jupyter's front ends do:
 * streams are joined, `clear_output` clears, `update_display_data` changes what was displayed before.
 */
export class OutputCollector {
  #displayed = new Map<string, (DisplayOutput | ResultOutput)[]>();
  #sizes = new Map<Output[], number>();
  #clearOnNext = new Set<Output[]>();

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
        for (const output of this.#displayed.get(displayId(content) ?? "") ?? []) {
          Object.assign(output, bundleOf(content));
        }
        return;
      case "clear_output":
        if (content.wait) this.#clearOnNext.add(outputs);
        else outputs.length = 0;
    }
  }

  #add(outputs: Output[], output: Output, content: Record<string, unknown> = {}): void {
    if (this.#clearOnNext.delete(outputs)) outputs.length = 0;
    if (output.output_type !== "error" && !this.#fits(outputs, output)) return;
    const last = outputs.at(-1);
    if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
      last.text += output.text;
      return;
    }
    outputs.push(output);
    const id = displayId(content);
    if (id !== undefined && "data" in output) {
      this.#displayed.set(id, [...this.#displayed.get(id) ?? [], output]);
    }
  }

  #fits(outputs: Output[], output: StreamOutput | DisplayOutput | ResultOutput): boolean {
    const before = this.#sizes.get(outputs) ?? 0;
    if (before > MAX_CELL_CHARACTERS) return false;
    const size = before + ("text" in output ? output.text.length : JSON.stringify(output.data).length);
    this.#sizes.set(outputs, size);
    if (size <= MAX_CELL_CHARACTERS) return true;
    outputs.push({
      output_type: "stream",
      name: "stderr",
      text: `\nFurther output of this cell was left out: it exceeds ${MAX_CELL_CHARACTERS} characters.\n`,
    });
    return false;
  }
}

/** The content of an `error` message or of a failed reply as an output. */
export function errorOf(content: Record<string, unknown>): ErrorOutput {
  return {
    output_type: "error",
    ename: String(content.ename ?? "Error"),
    evalue: String(content.evalue ?? ""),
    traceback: Array.isArray(content.traceback) ? content.traceback.map(String) : [],
  };
}

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
