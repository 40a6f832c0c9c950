/** What a challenger, its opponents and a baseline reached on the same rows. */
export interface ComparedFigure {
  /** In words, e.g. `AUC`. */
  name: string;
  better: "higher" | "lower";
  /** The figure that the decision turns on; the others must only not get worse beyond a small share. */
  leads?: boolean;
  challenger: number;
  /** Undefined where the champion was not measured on these rows. */
  champion?: number;
  /** Standard error of the paired difference of challenger and champion. */
  championError?: number;
  /** The version whose quality has to be kept, where that is another than the champion. */
  reference?: number;
  referenceError?: number;
  /** Undefined where this figure is not compared with a baseline. */
  baseline?: number;
  baselineError?: number;
}

/** Why a version of a model became champion, or did not. */
export interface PromotionDecision {
  /** The challenger. */
  version: string;
  /** The champion that it challenged, null when there was none. */
  champion: string | null;
  /** Held: the comparison was not possible, so the champion stays until a person decides. */
  outcome: "promoted" | "refused" | "held";
  reason: string;
  decidedAt: string;
  decidedBy: "rule" | "person";
  /** Of a promoted version: whose quality its successors have to keep; by default its own. */
  reference?: string;
  /** Snapshot that both were measured on. */
  snapshot?: string;
  /** The rows that they were measured on, in words. */
  holdOut?: string;
  figures: ComparedFigure[];
  /** The scheduled run that trained the challenger. */
  run?: string;
}
