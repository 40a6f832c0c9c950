/** What a challenger, the champion and a baseline reached on the same rows. */
export interface ComparedFigure {
  /** In words, e.g. `AUC`. */
  name: string;
  better: "higher" | "lower";
  challenger: number;
  /** Undefined where the champion was not measured on these rows. */
  champion?: number;
  /** Undefined where this figure is not compared with a baseline. */
  baseline?: number;
  /** The baseline has to be beaten in this figure; in others the challenger must be no worse. */
  mustBeat?: boolean;
  /** What counts as no difference, in the unit of the figure. */
  tolerance: number;
}

/** Why a version of a model became champion, or did not. */
export interface PromotionDecision {
  /** The challenger. */
  version: string;
  /** The champion that it challenged, null when there was none. */
  champion: string | null;
  outcome: "promoted" | "refused";
  reason: string;
  decidedAt: string;
  decidedBy: "rule" | "person";
  /** Snapshot that both were measured on. */
  snapshot?: string;
  /** The rows that they were measured on, in words. */
  holdOut?: string;
  figures: ComparedFigure[];
  /** The scheduled run that trained the challenger. */
  run?: string;
}
