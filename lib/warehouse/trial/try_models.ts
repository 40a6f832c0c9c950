import { ShopFlowError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { type Runtime, silentProgress } from "shopflow/runtime/mod.ts";
import { LeftOutModels } from "../project/leave_out.ts";
import type { SqlProject } from "../project/project.ts";
import { type Selection, selectModels } from "./select.ts";
import { testName } from "../project/tests/data_tests.ts";
import { relationOf } from "../relation.ts";
import { openSession, type Session, type SessionOptions } from "../session.ts";
import {
  createControlTotals,
  createPreviousRowCounts,
  type FailedTest,
  failureText,
  findFailures,
  unitTestFailure,
} from "../build/audit.ts";
import { runModels } from "../build/models.ts";
import { createRawViews, type RawInputs } from "../build/raw_views.ts";

/** How a model or test ended. */
export interface TrialResult {
  what: "model" | "seed" | "data test" | "unit test" | "file";
  name: string;
  outcome: "ok" | "pass" | "warn" | "fail" | "error" | "skip";
  /** Rows of a model; why a test did not pass. */
  details: string;
}

type Outcome = Pick<TrialResult, "outcome" | "details">;

/**
 * Builds selected models, and what they read, from all raw files, and runs the tests of the selected ones. Nothing is
 * published.
 *
 * @returns one result for each selected model and each test of them, in the order in which they ran.
 * @throws {InputError} when the selection means nothing.
 */
export async function tryModels(
  { store, project, inputs }: { store: ObjectStore; project: SqlProject; inputs: RawInputs },
  selection: Selection,
  runtime: Runtime,
  options: SessionOptions = {},
): Promise<TrialResult[]> {
  const selected = selectModels(project, selection);
  const needed = withAncestors(project, selected);
  // A model that fails must not keep the others from being tried.
  const models = project.models.filter(({ name }) => needed.has(name))
    .map((model) => ({ ...model, isRequired: false }));
  using session = await openSession(options);
  await createPreviousRowCounts(session, undefined);
  await createControlTotals(session);
  const leftOut = new LeftOutModels(models);
  const read = new Set(models.flatMap(({ sources }) => sources));
  const sources = project.sources.filter(({ source, name }) => read.has(`${source}.${name}`));
  await createRawViews(session, sources, inputs, store, ({ source, name }, error) => {
    for (const reader of models.filter((model) => model.sources.includes(`${source}.${name}`))) {
      leftOut.leave(reader.name, error);
    }
  });
  const quiet = { ...runtime, progress: silentProgress };
  const results: TrialResult[] = project.leftOut.map(({ name, reason }) => ({
    what: "file",
    name,
    outcome: "error",
    details: reason,
  }));
  for (const model of models) {
    await runModels(session, [model], quiet, model.name, leftOut);
    if (!selected.has(model.name)) continue;
    results.push({
      what: model.resource,
      name: model.ref,
      ...await outcomeOfModel(session, model.name, leftOut),
    });
  }
  const isTried = (names: (string | undefined)[]) =>
    names.some((name) => name !== undefined && selected.has(name));
  for (const test of project.unitTests.filter(({ model }) => isTried([model]))) {
    const outcome = await outcomeOfTest(leftOut, [test.model], () => unitTestFailure(session, test));
    results.push({ what: "unit test", name: test.name, ...outcome });
  }
  for (
    const test of project.tests.filter(({ model, refs }) => isTried(model === undefined ? refs : [model]))
  ) {
    const reads = [...test.model === undefined ? [] : [test.model], ...test.refs];
    // As dbt does, a test that looks at models beside the selected ones is left to a run that has them.
    if (reads.some((name) => !needed.has(name))) continue;
    const outcome = await outcomeOfTest(
      leftOut,
      reads,
      async () => (await findFailures(session, [test], { ...quiet, log: runtime.log })).failed[0],
    );
    results.push({ what: "data test", name: testName(test), ...outcome });
  }
  return results;
}

function withAncestors({ models }: SqlProject, selected: Set<string>): Set<string> {
  const needed = new Set(selected);
  // Models stand behind those that they read.
  for (const { name, refs } of models.toReversed()) {
    if (needed.has(name)) { for (const ref of refs) needed.add(ref); }
  }
  return needed;
}

async function outcomeOfModel(session: Session, name: string, leftOut: LeftOutModels): Promise<Outcome> {
  const reason = leftOut.reasonOf(name);
  if (reason !== undefined) return { outcome: "error", details: reason };
  try {
    const [found] = await session.rows<{ rows: number }>(`SELECT count(*) AS rows FROM ${relationOf(name)}`);
    return { outcome: "ok", details: found?.rows === 1 ? "1 row" : `${found?.rows ?? 0} rows` };
  } catch (error) {
    // A view is computed when it is read.
    if (!(error instanceof ShopFlowError)) throw error;
    leftOut.leave(name, error);
    return { outcome: "error", details: error.message };
  }
}

async function outcomeOfTest(
  leftOut: LeftOutModels,
  models: string[],
  test: () => Promise<FailedTest | undefined>,
): Promise<Outcome> {
  const missing = models.find((name) => leftOut.has(name));
  if (missing !== undefined) return { outcome: "skip", details: `${missing} was not built` };
  try {
    const failure = await test();
    if (failure === undefined) return { outcome: "pass", details: "" };
    return { outcome: failure.severity === "warn" ? "warn" : "fail", details: failureText(failure) };
  } catch (error) {
    if (!(error instanceof ShopFlowError)) throw error;
    return { outcome: "error", details: error.message };
  }
}
