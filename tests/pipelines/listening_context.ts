import type { PipelineContext } from "../../pipelines/context.ts";

/** A context that remembers its warnings. */
export function listening(context: PipelineContext): { context: PipelineContext; warnings: string[] } {
  const warnings: string[] = [];
  const log = { debug: () => {}, info: () => {}, warn: (text: string) => void warnings.push(text) };
  return { context: { ...context, runtime: { ...context.runtime, log } }, warnings };
}
