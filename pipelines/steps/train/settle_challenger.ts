import { type Judgement, promotionVerdict } from "shopflow/ml/mod.ts";
import { TooLittleDataError } from "shopflow/errors/mod.ts";
import {
  type Champion,
  championVersion,
  type ComparedFigure,
  makeChampion,
  type ModelVersion,
  type PromotionDecision,
  recordDecisions,
  saveModelVersion,
} from "shopflow/ml/registry/mod.ts";
import type { Pipeline, PipelineContext } from "../../context.ts";

/**
 * Stores a trained version, and makes it champion if its judgement allows it. The decision is kept either way, and a
 * version that is refused or held for a person is a training that succeeded.
 *
 * @param champion The champion that it was judged against, undefined when there was none.
 * @returns What was decided and why, with figures, for people.
 * @throws {ModelError} when another version became champion meanwhile: the judgement is of one that is no more.
 */
export async function settleChallenger(
  { store, runtime, config }: Pick<PipelineContext, "store" | "runtime" | "config">,
  challenger: ModelVersion,
  judgement: Judgement,
  champion: Champion | undefined,
): Promise<string> {
  const { name, snapshot } = challenger.card;
  const replaces = champion?.version ?? null;
  const { version } = await saveModelVersion(store, challenger);
  if (version !== challenger.card.version) {
    runtime.log.warn(
      `The ${name} model ${challenger.card.version} was trained before and came out otherwise; ` +
        `what came out now is version ${version}.`,
    );
  }
  if (version === replaces) {
    await makeChampion(store, name, version, { replaces });
    return "the champion, trained again";
  }
  const { holdOut, figures } = judgement;
  const decision: PromotionDecision = {
    version,
    champion: replaces,
    ...promotionVerdict(judgement, version, champion),
    decidedAt: runtime.now().toISOString(),
    decidedBy: "rule",
    snapshot,
    ...(holdOut !== undefined && { holdOut }),
    figures,
    ...(config.run && { run: config.run.name }),
  };
  if (decision.outcome === "promoted") await makeChampion(store, name, version, { replaces, decision });
  else await recordDecisions(store, name, [decision]);
  const { log } = runtime;
  if (decision.outcome === "held") log.warn(`The ${name} model: ${outcomeText(name, decision)}.`);
  if (decision.outcome === "refused") {
    const text = `The ${name} model ${version} was ${outcomeText(name, decision)}. ` +
      `\`deno task models history ${name}\` has the figures.`;
    // Every other night's challenger is a little worse than the champion: that is no cause for concern.
    if (replaces === null) log.warn(text);
    else log.info(text);
  }
  return `${outcomeText(name, decision)}${figuresText(decision)}`;
}

/**
 * A training that ends well where the shop's history is too short to train or to measure a model: the champion stays,
 * and without one the baseline serves.
 */
export function unlessTooLittleData(name: string, train: Pipeline): Pipeline {
  return async (context) => {
    try {
      return await train(context);
    } catch (error) {
      if (!(error instanceof TooLittleDataError)) throw error;
      const champion = await championVersion(context.store, name);
      const serves = champion === null ? "the baseline serves" : `${champion} stays champion`;
      context.runtime.log.warn(`The ${name} model was not trained, and ${serves}: ${error.message}`);
      return { status: "unchanged", summary: `not trained, ${serves}: ${error.message}` };
    }
  };
}

/** What was decided and what follows, without the figures. */
function outcomeText(name: string, { version, outcome, reason, champion }: PromotionDecision): string {
  if (outcome === "promoted") return `new champion: ${reason}`;
  const serves = champion === null ? "the baseline serves" : `${champion} stays champion`;
  if (outcome === "refused") return `refused: ${reason}; ${serves}`;
  return `${version} waits for a person: ${reason}; ${serves}. ` +
    `If it should score, run \`deno task models promote ${name} ${version} --reason TEXT\``;
}

/** What was decided of a version that is not trained again because of it. */
export function settledText(name: string, decision: PromotionDecision): string {
  if (decision.outcome === "promoted") {
    return `version ${decision.version} was champion before, and another took its place since`;
  }
  return `version ${decision.version} was judged before: ${outcomeText(name, decision)}`;
}

function figuresText({ figures, holdOut }: PromotionDecision): string {
  if (holdOut === undefined) return "";
  return ` (${holdOut}: ${figures.map(figureText).join("; ")})`;
}

/** A figure with those that it is compared with, and the standard errors of the differences, for people. */
export function figureText(figure: ComparedFigure): string {
  const others = (["champion", "reference", "baseline"] as const).flatMap((opponent) => {
    const value = figure[opponent], error = figure[`${opponent}Error`];
    if (value === undefined) return [];
    return [`${opponent} ${value.toFixed(3)}${error === undefined ? "" : ` (±${error.toFixed(4)})`}`];
  });
  return `${figure.name} ${figure.challenger.toFixed(3)}, ${others.join(", ")}`;
}
