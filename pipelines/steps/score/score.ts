import { readManifest } from "shopflow/lake/mod.ts";
import type { ModelDefinition, ScoringInput, TrainingDefinition } from "shopflow/ml/mod.ts";
import { currentScores, type ScoreTable, upToDateScores } from "shopflow/ml/registry/mod.ts";
import { modelsOf } from "shopflow/models/mod.ts";
import { openSnapshot, type Session } from "shopflow/warehouse/mod.ts";
import { inOrder, type Pipeline, type PipelineContext } from "../../context.ts";
import { hashOf, modelCode } from "../model_code.ts";
import { championScores, modelThatScores, NOTHING, type ScoringModel } from "./model_that_scores.ts";
import { publishScoreRows } from "./publish_rows.ts";

/**
 * Scores customers and products of the current snapshot with the champions, and computes what has no training.
 *
 * @param models Default: those of the product, as the settings want them.
 */
export function scoreModels(models?: readonly ModelDefinition[]): Pipeline {
  return (context) => {
    const parts = (models ?? modelsOf(context.config)).map((model) => [model.name, scoreModel(model)]);
    return inOrder(Object.fromEntries(parts), context);
  };
}

/**
 * Computes a model's score table from the current snapshot and publishes it. Without a champion that can score the
 * baseline does; where the history is too short even for that, the table has no rows and says so.
 *
 * @throws {ModelError} when there are no orders.
 */
export function scoreModel(model: ModelDefinition): Pipeline {
  const { name, scoreTable, training } = model;
  return async (context) => {
    const { store, runtime, force } = context;
    // Read before snapshot and model: scores published after this moment may be of newer ones.
    const replaces = (await currentScores(store, scoreTable.name))?.key ?? null;
    const { id: snapshot } = await readManifest(store);
    const kept = force || training === undefined ? undefined : await championScores(store, model, snapshot);
    if (kept !== undefined) return { status: "unchanged", summary: scoreTable.describe(kept) };

    const scorer = await scorerOf(model, training, context, snapshot);
    const { version, baselineReason, problems } = scorer;
    const marks = { ...(problems && { problems }) };
    const by = version === NOTHING
      ? undefined
      : baselineReason === undefined
      ? ""
      : `by the baseline, since ${baselineReason}; `;
    const summaryOf = (text: string) =>
      by === undefined ? `no ${scoreTable.subject} gets a score: ${baselineReason}` : by + text;
    const before = await upToDateScores(store, scoreTable.name, { snapshot, modelVersion: version });
    // Why it is the baseline can change, and readers see it.
    if (before !== undefined && before.baselineReason === baselineReason && !force) {
      return { status: "unchanged", summary: summaryOf(scoreTable.describe(before)), ...marks };
    }

    using session = await openSnapshot(store, snapshot);
    const asOf = await model.asOf(session);
    const { rows, maxRows = 0, summary } = await scorer.score(session, asOf);
    const bar = runtime.progress.start(`score ${name}`, maxRows, "rows");
    const table: Omit<ScoreTable, "key" | "sha256" | "rows"> = {
      name: scoreTable.name,
      scoredAt: runtime.now().toISOString(),
      snapshot,
      modelVersion: version,
      asOf,
      ...(baselineReason !== undefined && { baselineReason }),
    };
    const published = await publishScoreRows(
      context,
      table,
      scoreTable.columns,
      counting(rows, bar.update),
      { replaces },
    );
    const text = summary?.(published.rows) ?? scoreTable.describe(published);
    bar.finish(text);
    return { status: "done", summary: summaryOf(text), ...marks };
  };
}

/** What makes the rows of a score table. */
interface Scorer extends Pick<ScoringModel, "baselineReason" | "problems"> {
  version: string;
  score(session: Session, asOf: string): ReturnType<ModelDefinition["scoreTable"]["score"]>;
}

async function scorerOf(
  model: ModelDefinition,
  training: TrainingDefinition<unknown> | undefined,
  context: PipelineContext,
  snapshot: string,
): Promise<Scorer> {
  const score =
    (input: Pick<ScoringInput<unknown>, "model" | "isBaseline">): Scorer["score"] => (session, asOf) =>
      model.scoreTable.score({ session, asOf, ...input });
  if (training === undefined) {
    const version = hashOf({ code: await modelCode(model), ...model.parameters });
    return { version, score: score({ model: undefined, isBaseline: false }) };
  }
  const { version, model: loaded, isBaseline, ...marks } = await modelThatScores(
    context,
    { ...model, training },
    snapshot,
  );
  if (version === NOTHING) return { version, ...marks, score: () => Promise.resolve({ rows: [] }) };
  return { version, ...marks, score: score({ model: loaded, isBaseline }) };
}

/** Rows between two updates of the progress bar. */
const UPDATE_EVERY = 1000;

function* counting<T>(rows: Iterable<T>, update: (done: number) => void): Generator<T> {
  let done = 0;
  for (const row of rows) {
    yield row;
    if (++done % UPDATE_EVERY === 0) update(done);
  }
}
