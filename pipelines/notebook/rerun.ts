import type { Command } from "commander";
import { loadConfig } from "shopflow/config/mod.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { type Rerun, rerunNotebook, snapshotRead } from "shopflow/notebook/runner.ts";
import { createRuntime } from "shopflow/runtime/mod.ts";
import { createContext } from "../context.ts";
import { finishRun } from "./finish_run.ts";
import { addRunFlags, limitsOf, type RunFlags } from "./run_flags.ts";

/** `notebook rerun RUN_ID`: whether a run gives the same once more. */
export function addRerunCommand(program: Command): void {
  const command = program.command("rerun")
    .description("repeat a run on the same snapshot, and say whether its outputs are equal")
    .argument("<run-id>", "id of a run, or its beginning");
  addRunFlags(command).action(rerun);
}

async function rerun(runId: string, flags: RunFlags): Promise<void> {
  const context = createContext(loadConfig(), createRuntime());
  const result = await rerunNotebook(runId, context, limitsOf(flags));
  const { before, record, differences } = result;
  for (const line of describe(result)) console.log(line);
  // A run that failed and fails again in the same way is repeated, too.
  const sameFailure = before.failure && differences.length === 0 && record.status === before.status;
  await finishRun(
    sameFailure ? { ...result, record: { ...record, failure: undefined } } : result,
    context.store,
    flags,
  );
  if (differences.length === 0) return;
  throw new NotebookError(`The outputs of ${differences.length} cells are not those of ${before.runId}`, {
    found: differences.map(({ cell, cellId, parts }) => `cell ${cell} (${cellId}): ${parts.join(", ")}`).join(
      "; ",
    ),
  });
}

function describe({ before, record, differences, otherReads }: Rerun): string[] {
  const snapshot = snapshotRead(record);
  const commit = ({ commit, uncommitted }: typeof record) =>
    commit === undefined ? "no commit" : `commit ${commit.slice(0, 12)}${uncommitted ? " with changes" : ""}`;
  return [
    `${record.path}, run ${before.runId} of ${before.startedAt} (${before.status}), repeated as ${record.runId} (${record.status})`,
    `data: ${snapshot ? `snapshot ${snapshot}` : "none of the lake"}; code: ${commit(before)} then, ${
      commit(record)
    } now`,
    ...otherReads.map(({ kind, name, version }) => `read now, not then: ${kind} ${name} ${version}`),
    `outputs: ${differences.length === 0 ? "equal" : "different"}`,
  ];
}
