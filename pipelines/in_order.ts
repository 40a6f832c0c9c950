import type { Pipeline, PipelineContext, PipelineResult } from "./context.ts";

/** Runs parts one after the other, says what each did, and is unchanged when all of them were. */
export async function inOrder(
  parts: Record<string, Pipeline>,
  context: PipelineContext,
): Promise<PipelineResult> {
  const results: [string, PipelineResult][] = [];
  for (const [name, part] of Object.entries(parts)) results.push([name, await part(context)]);
  return {
    status: results.every(([, { status }]) => status === "unchanged") ? "unchanged" : "done",
    summary: results.map(([name, { summary }]) => `\n  ${name}: ${summary}`).join(""),
  };
}
