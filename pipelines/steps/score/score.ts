import { inOrder, type Pipeline } from "../../context.ts";
import { scoreChurn } from "./churn.ts";
import { scoreInventory } from "./inventory.ts";
import { scoreRecommendation } from "./recommendation.ts";

/** Scores customers and products of the current snapshot with the champions. */
export const score: Pipeline = (context) =>
  inOrder({ churn: scoreChurn, recommendation: scoreRecommendation, inventory: scoreInventory }, context);
