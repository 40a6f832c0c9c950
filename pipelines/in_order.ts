import { PipelineError, ShopFlowError } from "shopflow/errors/mod.ts";
import type { Pipeline, PipelineContext, PipelineResult } from "./context.ts";

/**
 * Runs parts that do not depend on each other one after the other, and says what each did; unchanged when all of
 * them were. A part that fails does not keep the others from their work.
 *
 * @throws {PipelineError} at the end, when a part failed.
 */
export async function inOrder(
  parts: Record<string, Pipeline>,
  context: PipelineContext,
): Promise<PipelineResult> {
  const results: [string, PipelineResult][] = [];
  const failures: string[] = [];
  const problems: ShopFlowError[] = [];
  for (const [name, part] of Object.entries(parts)) {
    try {
      const result = await part(context);
      results.push([name, result]);
      problems.push(...result.problems ?? []);
    } catch (error) {
      if (!(error instanceof ShopFlowError)) throw error;
      failures.push(`${name}: ${error.message}`);
    }
  }
  const summary = results.map(([name, { summary }]) => `\n  ${name}: ${summary}`).join("");
  if (failures.length > 0) {
    const done = summary === "" ? "" : `\nDone all the same:${summary}`;
    for (const { message } of problems) failures.push(message);
    throw new PipelineError(
      `${failures.length} of ${Object.keys(parts).length} parts failed\n  ${failures.join("\n  ")}${done}`,
    );
  }
  return {
    status: results.every(([, { status }]) => status === "unchanged") ? "unchanged" : "done",
    summary,
    ...(problems.length > 0 && { problems }),
  };
}
