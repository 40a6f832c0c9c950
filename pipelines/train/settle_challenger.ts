import { type Judgement, promotionVerdict } from "shopflow/business/mod.ts";
import {
  type ComparedFigure,
  makeChampion,
  type ModelVersion,
  type PromotionDecision,
  recordDecisions,
  saveModelVersion,
} from "shopflow/registry/mod.ts";
import type { PipelineContext } from "../context.ts";

/**
 * Stores a trained version, and makes it champion if its judgement allows it. The decision is kept either way.
 *
 * @param replaces The champion that it was judged against, null when there was none.
 * @returns What became of it and why, with figures, for people.
 * @throws {ModelError} when another version became champion meanwhile: the judgement is of one that is no more.
 */
export async function settleChallenger(
  { store, runtime, config }: Pick<PipelineContext, "store" | "runtime" | "config">,
  challenger: ModelVersion,
  judgement: Judgement,
  replaces: string | null,
): Promise<string> {
  const { name, snapshot } = challenger.card;
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
    ...promotionVerdict(judgement, replaces),
    decidedAt: runtime.now().toISOString(),
    decidedBy: "rule",
    snapshot,
    ...(holdOut !== undefined && { holdOut }),
    figures,
    ...(config.run && { run: config.run.name }),
  };
  if (decision.outcome === "promoted") {
    await makeChampion(store, name, version, { replaces, decision });
    if (figures.length === 0) {
      runtime.log.warn(`The ${name} model ${version} became champion unjudged: ${decision.reason}.`);
    }
  } else {
    await recordDecisions(store, name, [decision]);
    runtime.log.warn(
      `The ${name} model ${version} was refused, ${
        replaces === null ? "and there is no other" : `${replaces} stays champion`
      }: ${decision.reason}. \`deno task models history ${name}\` has the figures.`,
    );
  }
  return `${outcomeText(decision)}${figuresText(decision)}`;
}

/** What was decided, without the figures. */
function outcomeText({ outcome, reason, champion }: PromotionDecision): string {
  if (outcome === "promoted") return `new champion: ${reason}`;
  return `refused: ${reason}; ${champion === null ? "no model scores" : `${champion} stays champion`}`;
}

/** What was decided of a version that is not trained again because of it. */
export function settledText(decision: PromotionDecision): string {
  return decision.outcome === "refused"
    ? `was judged before and ${outcomeText(decision)}`
    : "was champion before, and another took its place since";
}

function figuresText({ figures, holdOut }: PromotionDecision): string {
  if (holdOut === undefined) return "";
  return ` (${holdOut}: ${figures.map(figureText).join("; ")})`;
}

/** A figure with those that it is compared with, for people. */
export function figureText({ name, challenger, champion, baseline }: ComparedFigure): string {
  const others = [
    ...(champion === undefined ? [] : [`champion ${champion.toFixed(3)}`]),
    ...(baseline === undefined ? [] : [`baseline ${baseline.toFixed(3)}`]),
  ];
  return `${name} ${challenger.toFixed(3)}, ${others.join(", ")}`;
}
