import type { PromotionDecision } from "./promotion_decision.ts";

/** What `models/<name>/champion.json` holds. */
export interface Champion {
  version: string;
  /** Why it is the champion; champions of older versions of ShopFlow do not say. */
  decision?: PromotionDecision;
}

/** Where the lake says which version of a model scores. */
export const championKey = (name: string) => `models/${name}/champion.json`;
