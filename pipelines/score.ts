import type { Pipeline } from "./context.ts";
import { inOrder } from "./in_order.ts";
import { scoreChurn } from "./score/churn.ts";
import { scoreInventory } from "./score/inventory.ts";
import { scoreRecommendation } from "./score/recommendation.ts";

/** Scores customers and products of the current snapshot with the champions. */
export const score: Pipeline = (context) =>
  inOrder({ churn: scoreChurn, recommendation: scoreRecommendation, inventory: scoreInventory }, context);
