import { fileURLToPath } from "node:url";
import { ShopFlowError } from "shopflow/errors/mod.ts";
import { currentSnapshotId } from "shopflow/lake/mod.ts";
import {
  type FilledParameters,
  fillParameters,
  findLastSale,
  type LastSale,
  type Parameters,
  parseAssignments,
  readBusiness,
  readNotebook,
  readParameters,
  readReport,
  unreadLines,
} from "shopflow/notebook/mod.ts";
import { codeVersion } from "shopflow/runtime/mod.ts";
import type { PipelineContext } from "../../context.ts";
import { removeSimulatedBusiness } from "../../simulated_business.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

type Planned = Pick<PipelineContext, "store" | "config">;

/** What a publish is going to do with a notebook. */
export interface PlannedNotebook {
  path: string;
  /** Values that the caller gave, which come before those that the notebook declares. */
  parameters: Parameters;
  /** The parameters that the notebook's own rules fill; none of a notebook that cannot be read. */
  filled?: FilledParameters;
  /** Changes when the report could; empty for a notebook that cannot be read, whose run says why. */
  inputs: string;
  cells: number;
}

/** The notebooks of a folder, before anything is run. */
interface NotebookPlan {
  reports: PlannedNotebook[];
  /** Those that declare no report. */
  others: string[];
}

/**
 * Looks at each notebook before anything is run. One that cannot be read counts as a report: what is wrong with it has
 * to be seen.
 *
 * @throws {LakeError} when nothing was published yet that a report could be about.
 */
export async function planNotebooks({ store, config }: Planned, paths: string[]): Promise<NotebookPlan> {
  if (await currentSnapshotId(store) === undefined) await findLastSale(store);
  const shared = await sharedInputs({ store, config });
  const lastSale = once(() => findLastSale(store));
  const plan: NotebookPlan = { reports: [], others: [] };
  for (const path of paths) {
    try {
      const planned = await planNotebook(path, { shared, lastSale });
      if (planned.isReport) plan.reports.push(planned);
      else plan.others.push(path);
    } catch (error) {
      // It must not hold up the others: its run finds the same, and is recorded as failed.
      if (!(error instanceof ShopFlowError)) throw error;
      plan.reports.push({ path, parameters: {}, inputs: "", cells: 0 });
    }
  }
  return plan;
}

/**
 * A notebook that is published by itself.
 *
 * @param assignments parameters as texts, `name=value`
 * @throws {NotebookError} when it cannot be read, its declaration is invalid, or it has no such parameter.
 */
export async function planOneNotebook(
  { store, config }: Planned,
  path: string,
  assignments: string[],
): Promise<PlannedNotebook & { isReport: boolean }> {
  return await planNotebook(path, {
    shared: await sharedInputs({ store, config }),
    lastSale: () => findLastSale(store),
    assignments,
  });
}

interface PlanOptions {
  /** See {@linkcode sharedInputs}. */
  shared: string;
  lastSale: () => Promise<LastSale>;
  assignments?: string[];
}

async function planNotebook(
  path: string,
  { shared, lastSale, assignments = [] }: PlanOptions,
): Promise<PlannedNotebook & { isReport: boolean }> {
  const notebook = await readNotebook(path);
  const declared = readParameters(notebook);
  const report = readReport(notebook, declared, path);
  const parameters = parseAssignments(declared, assignments, unreadLines(notebook));
  const rules = Object.fromEntries(
    Object.entries(report?.rules ?? {}).filter(([name]) => !(name in parameters)),
  );
  const filled = Object.keys(rules).length === 0
    ? { values: {}, rules: {} }
    : fillParameters(rules, await lastSale(), path);
  return {
    path,
    parameters,
    filled,
    inputs: await inputsOf(path, { ...filled.values, ...parameters }, shared),
    cells: notebook.cells.filter(({ cell_type }) => cell_type === "code").length,
    isReport: report !== undefined,
  };
}

/** The same reading for all that ask for it. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => reading ??= read();
}

/**
 * What all notebooks of one publish depend on: the data, the models and scores, the code they import, and what the
 * business says of itself.
 *
 * @throws {InputError} when the business file is invalid.
 */
async function sharedInputs({ store, config }: Planned): Promise<string> {
  await removeSimulatedBusiness(config);
  const business = await readBusiness(config.businessFile);
  const hash = createHash("sha256").update(
    `${await currentSnapshotId(store)} ${await codeVersion([join(ROOT, "lib")])} ${
      JSON.stringify(business)
    } `,
  );
  for (const prefix of ["models/", "scores/"]) {
    for (const { key } of await store.list(prefix)) {
      if (/\/(champion|current)\.json$/.test(key)) hash.update(`${key} ${(await store.get(key))?.etag} `);
    }
  }
  return hash.digest("hex");
}

/** A hash of a notebook's file, the values of its rules and of the caller, and what all depend on. */
async function inputsOf(path: string, values: Parameters, shared: string): Promise<string> {
  return createHash("sha256").update(await Deno.readFile(path)).update(JSON.stringify(values)).update(shared)
    .digest("hex").slice(0, 16);
}
