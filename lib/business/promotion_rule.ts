import type { ComparedFigure, PromotionDecision } from "shopflow/registry/mod.ts";

/** What a challenger reached on a hold-out, beside its baseline and the champion. */
export interface Judgement {
  /** The rows it was measured on, in words; undefined where there were none to measure it on. */
  holdOut?: string;
  figures: ComparedFigure[];
  /** Why the champion has no figures here; undefined when it has, or when there is no champion. */
  championUnjudged?: string;
}

/** What follows from a judgement. */
export type Verdict = Pick<PromotionDecision, "outcome" | "reason">;

/**
 * Decides whether a challenger becomes champion. In every figure it must be no worse than the champion and the
 * baseline, and better than the baseline in those that say so. Where no champion is or can be judged, no worse than the baseline is enough: a shop
 * without scores is helped by a model that is as good as the simplest one. What cannot be judged at all is promoted.
 * A difference within the figure's tolerance is none.
 *
 * @param champion Version of the champion, null when there is none.
 */
export function promotionVerdict(
  { holdOut, figures, championUnjudged }: Judgement,
  champion: string | null,
): Verdict {
  if (holdOut === undefined || figures.length === 0) {
    return { outcome: "promoted", reason: "nothing to judge it on: there is no hold-out" };
  }
  const isAlone = champion === null || championUnjudged !== undefined;
  const below = figures.filter(({ baseline, ...figure }) =>
    baseline !== undefined &&
    (figure.mustBeat && !isAlone
      ? advantage(figure, baseline) <= 0
      : advantage(figure, baseline) < -figure.tolerance)
  );
  if (below.length > 0) {
    const wanted = isAlone ? "is worse than its baseline" : "does not do better than its baseline";
    return { outcome: "refused", reason: `it ${wanted}: ${below.map(besideBaseline).join(", ")}` };
  }
  if (isAlone) {
    const why = championUnjudged === undefined
      ? "the first model"
      : `the champion cannot be judged (${championUnjudged})`;
    return { outcome: "promoted", reason: `${why}, and no worse than its baseline` };
  }
  const worse = figures.filter(({ champion, ...figure }) =>
    champion !== undefined && advantage(figure, champion) < -figure.tolerance
  );
  if (worse.length > 0) {
    return {
      outcome: "refused",
      reason: `it is worse than the champion: ${worse.map(besideChampion).join(", ")}`,
    };
  }
  return { outcome: "promoted", reason: "no worse than the champion, and it beats its baseline" };
}

/** How much better the challenger is than `other`, in the unit of the figure. */
const advantage = ({ better, challenger }: Pick<ComparedFigure, "better" | "challenger">, other: number) =>
  better === "higher" ? challenger - other : other - challenger;

const besideBaseline = ({ name, challenger, baseline }: ComparedFigure) =>
  `${name} ${challenger.toFixed(3)}, baseline ${baseline!.toFixed(3)}`;

const besideChampion = ({ name, challenger, champion, tolerance }: ComparedFigure) =>
  `${name} ${challenger.toFixed(3)}, champion ${champion!.toFixed(3)}, tolerance ${tolerance.toFixed(3)}`;
