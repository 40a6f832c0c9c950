import { ModelError, type ShopFlowError } from "shopflow/errors/mod.ts";
import {
  BASELINE_PREFIX,
  championVersion,
  currentChampion,
  loadModelVersion,
  type ModelCard,
  type ModelVersion,
  promotionDecisions,
  publishBaseline,
  type ScoreTable,
  upToDateScores,
} from "shopflow/ml/registry/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { codeVersion } from "shopflow/runtime/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { PipelineContext } from "../../context.ts";
import { checkScorable, missingFeatures } from "../../commands/models.ts";

const ROOT = join(import.meta.dirname!, "..", "..", "..");

/** Missing features that a message names. */
const NAMED = 5;

/** What scores a snapshot. */
export interface ScoringModel extends ModelVersion {
  /** Why it is the baseline; undefined of the champion. */
  baselineReason?: string;
  /** What is wrong with a champion that should have scored. */
  problems?: ShopFlowError[];
}

/**
 * The current scores, when the champion made them from this snapshot: they are good whatever became of its files or of
 * the code since.
 */
export async function championScores(
  store: ObjectStore,
  table: string,
  name: string,
  snapshot: string,
): Promise<ScoreTable | undefined> {
  const modelVersion = await championVersion(store, name);
  return modelVersion === null ? undefined : await upToDateScores(store, table, { snapshot, modelVersion });
}

/** Fits a baseline on the snapshot. */
type FitBaseline = () => Promise<{ asOf: string; files: Record<string, Uint8Array> }>;

/**
 * The champion, or the baseline where there is none that can score: no model beat its baseline yet, features of the
 * champion are not computed any more, or its files are damaged. Only the last is a problem of the run; the others are
 * states that the gate of models leads to, and a person may take their time. The baseline is kept in the registry, so
 * that the server answers by the same.
 *
 * @throws {TooLittleDataError} when even the baseline cannot be fitted.
 */
export async function scoringModel(
  context: Pick<PipelineContext, "store" | "runtime">,
  name: string,
  snapshot: string,
  fitBaseline: FitBaseline,
): Promise<ScoringModel> {
  const { store, runtime } = context;
  const pointer = await currentChampion(store, name);
  if (pointer === undefined) {
    const baselineReason = await whyNoChampion(context, name);
    return { ...await baseline(context, name, snapshot, fitBaseline), baselineReason };
  }
  const champion = await usableChampion(store, name, pointer.version);
  if ("card" in champion) return champion;
  const { baselineReason, damage } = champion;
  const promote = `\`deno task models list ${name}\` has the versions; ` +
    `\`deno task models promote ${name} VERSION --reason TEXT\` lets another one score.`;
  if (damage === undefined) {
    runtime.log.warn(`The ${name} model: ${baselineReason}. The baseline scores. ${promote}`);
  }
  const problem = damage &&
    new ModelError(`The champion of the ${name} model cannot be read, and its baseline scores`, {
      found: damage,
      remedy:
        `\`deno task pipeline run train\` restores files that training on the same snapshot gives; ${promote}`,
    });
  return {
    ...await baseline(context, name, snapshot, fitBaseline),
    baselineReason,
    ...(problem && { problems: [problem] }),
  };
}

/** The champion, or why it cannot score; `damage` where its files are at fault. */
async function usableChampion(
  store: ObjectStore,
  name: string,
  version: string,
): Promise<ModelVersion | { baselineReason: string; damage?: string }> {
  try {
    const champion = await loadModelVersion(store, name, version);
    const gone = missingFeatures(champion);
    if (gone.length === 0) {
      checkScorable(champion);
      return champion;
    }
    const more = gone.length > NAMED ? ` and ${gone.length - NAMED} more` : "";
    return {
      baselineReason: `the champion ${version} asks for features that are not computed any more: ` +
        gone.slice(0, NAMED).join(", ") + more,
    };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    // What the error advises is part of what is advised for the champion.
    const damage = withoutRemedy(error);
    return { baselineReason: `the champion ${version} cannot be read: ${damage}`, damage };
  }
}

/** What an error says, without its advice. */
export function withoutRemedy({ message, remedy }: ShopFlowError): string {
  return message.replace(remedy === undefined ? "" : `. ${remedy}`, "");
}

async function whyNoChampion({ store, runtime }: Pick<PipelineContext, "store" | "runtime">, name: string) {
  const [latest] = await promotionDecisions(store, name);
  if (latest === undefined) return "no model is trained yet";
  const reason = {
    promoted: `no version is the champion any more; the last was ${latest.version}`,
    held: `no version is the champion, and ${latest.version} waits for a person`,
    refused: `no model was good enough: version ${latest.version} was refused because ${latest.reason}`,
  }[latest.outcome];
  runtime.log.warn(
    `The ${name} model: ${reason}. The baseline scores. \`deno task models history ${name}\` has the figures.`,
  );
  return reason;
}

/** The baseline of this snapshot and code, fitted unless it is stored. */
async function baseline(
  { store, runtime }: Pick<PipelineContext, "store" | "runtime">,
  name: string,
  snapshot: string,
  fitBaseline: FitBaseline,
): Promise<ModelVersion> {
  // What a baseline depends on besides data.
  const paths = ["lib/ml", `lib/${name}`, "pipelines/steps/score"];
  const code = await codeVersion(paths.map((path) => join(ROOT, path)));
  const hash = createHash("sha256").update(JSON.stringify({ name, snapshot, code })).digest("hex");
  const version = `${BASELINE_PREFIX}${hash.slice(0, 12)}`;
  const stored = await ifStored(() => loadModelVersion(store, name, version));
  if (stored !== undefined) {
    await publishBaseline(store, stored);
    return stored;
  }
  const { asOf, files } = await fitBaseline();
  const card: ModelCard = {
    name,
    version,
    trainedAt: runtime.now().toISOString(),
    snapshot,
    asOf,
    parameters: { code },
    metrics: {},
  };
  return { card: await publishBaseline(store, { card, files }), files };
}

async function ifStored<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if (error instanceof ModelError) return undefined;
    throw error;
  }
}
