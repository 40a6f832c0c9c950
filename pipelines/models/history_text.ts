import type { PromotionDecision } from "shopflow/registry/mod.ts";
import { formatTime } from "../text_table.ts";
import { figureText } from "../train/settle_challenger.ts";

/** Decisions about versions for a terminal, in the order given. */
export function historyText(decisions: PromotionDecision[]): string {
  if (decisions.length === 0) {
    return "Nothing was decided yet: no version was trained since decisions are kept.";
  }
  return decisions.map(decisionText).join("\n\n");
}

/** What was decided, why, and by which figures. */
export function decisionText(decision: PromotionDecision): string {
  const { version, champion, outcome, decidedAt, decidedBy, reason, run, holdOut, figures } = decision;
  const stayed = champion === null ? "" : `, ${champion} stayed champion`;
  const what = {
    promoted: `${version} became champion${champion === null ? "" : ` instead of ${champion}`}`,
    refused: `${version} was refused${stayed}`,
    held: `${version} waits for a person${stayed}`,
  }[outcome];
  const who = `${decidedBy === "person" ? ", by hand" : ""}${run === undefined ? "" : `, in ${run}`}`;
  return [
    `${formatTime(decidedAt)}  ${what}${who}`,
    `  ${reason}`,
    ...(holdOut === undefined ? [] : [`  judged on ${holdOut}`]),
    ...figures.map((figure) => `  ${figureText(figure)}`),
  ].join("\n");
}
