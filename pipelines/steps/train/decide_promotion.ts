import { type Comparison, type MetricComparison, promotionVerdict } from "shopflow/ml/evaluation/mod.ts";
import {
  type Champion,
  type ModelVersion,
  promoteVersion,
  type PromotionDecision,
  recordDecisions,
  saveModelVersion,
} from "shopflow/ml/registry/mod.ts";
import type { PipelineContext } from "../../context.ts";

/**
 * Stores a trained version, and makes it champion if the comparison allows it. The decision is kept either way, and a
 * version that is refused or held for a person is a training that succeeded.
 *
 * @param champion The champion that it was compared with, undefined when there was none.
 * @returns What was decided and why, with metrics, for people.
 * @throws {ModelError} when another version became champion meanwhile: the comparison is with one that is replaced.
 */
export async function decidePromotion(
  { store, runtime, config, promotes }: Pick<PipelineContext, "store" | "runtime" | "config" | "promotes">,
  challenger: ModelVersion,
  comparison: Comparison,
  champion: Champion | undefined,
): Promise<string> {
  const { name, snapshot } = challenger.card;
  const replaces = champion?.version ?? null;
  const { version } = await saveModelVersion(store, challenger);
  if (version !== challenger.card.version) {
    runtime.log.warn(
      `The ${name} model ${challenger.card.version} was trained before with another result; the new result is version ${version}.`,
    );
  }
  if (version === replaces) {
    await promoteVersion(store, name, version, { replaces });
    return "the champion, trained again";
  }
  const { testSet, metrics } = comparison;
  const decision: PromotionDecision = {
    version,
    champion: replaces,
    ...postponed(promotionVerdict(comparison, version, champion), promotes),
    decidedAt: runtime.now().toISOString(),
    decidedBy: "rule",
    snapshot,
    ...(testSet !== undefined && { testSet }),
    metrics,
    ...(config.run && { run: config.run.name }),
  };
  if (decision.outcome === "promoted") await promoteVersion(store, name, version, { replaces, decision });
  else await recordDecisions(store, name, [decision]);
  const { log } = runtime;
  // That it is not promoted was asked for: nobody need be warned.
  if (decision.isPostponed) log.info(`The ${name} model: ${outcomeText(name, decision)}.`);
  else if (decision.outcome === "held") log.warn(`The ${name} model: ${outcomeText(name, decision)}.`);
  if (decision.outcome === "refused") {
    const text = `The ${name} model ${version} was ${outcomeText(name, decision)}. ` +
      `\`deno task models history ${name}\` shows its metrics.`;
    // Every other night's challenger is a little worse than the champion: that is no cause for concern.
    if (replaces === null) log.warn(text);
    else log.info(text);
  }
  return `${outcomeText(name, decision)}${metricsText(decision)}`;
}

/** What the rule would promote waits for a person where the training is not to promote. */
function postponed(
  verdict: ReturnType<typeof promotionVerdict>,
  promotes: boolean,
): Pick<PromotionDecision, "outcome" | "reason" | "reference" | "isPostponed"> {
  if (promotes || verdict.outcome !== "promoted") return verdict;
  return {
    outcome: "held",
    reason: `it was trained without promoting; the rule would promote it: ${verdict.reason}`,
    isPostponed: true,
  };
}

/** What was decided and what follows, without the metrics. */
function outcomeText(name: string, { version, outcome, reason, champion }: PromotionDecision): string {
  if (outcome === "promoted") return `new champion: ${reason}`;
  const serves = champion === null ? "the baseline serves" : `${champion} stays champion`;
  if (outcome === "refused") return `refused: ${reason}; ${serves}`;
  return `${version} waits for approval: ${reason}; ${serves}. ` +
    `If it should score, run \`deno task models promote ${name} ${version} --reason TEXT\``;
}

/** What was decided of a version that is not trained again because of it. */
export function earlierDecisionText(name: string, decision: PromotionDecision): string {
  if (decision.outcome === "promoted") {
    return `version ${decision.version} was champion before, and another took its place since`;
  }
  return `version ${decision.version} was compared before: ${outcomeText(name, decision)}`;
}

function metricsText({ metrics, testSet }: PromotionDecision): string {
  if (testSet === undefined) return "";
  return ` (${testSet}: ${metrics.map(metricText).join("; ")})`;
}

/** A metric with those that it is compared with, and the standard errors of the differences, for people. */
export function metricText(comparison: MetricComparison): string {
  const others = (["champion", "reference", "baseline"] as const).flatMap((opponent) => {
    const value = comparison[opponent], error = comparison[`${opponent}Error`];
    if (value === undefined) return [];
    return [`${opponent} ${value.toFixed(3)}${error === undefined ? "" : ` (±${error.toFixed(4)})`}`];
  });
  return `${comparison.name} ${comparison.challenger.toFixed(3)}, ${others.join(", ")}`;
}
