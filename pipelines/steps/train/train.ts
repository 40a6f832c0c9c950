import { inOrder, type Pipeline } from "../../context.ts";
import { trainChurn } from "./churn.ts";
import { trainRecommendation } from "./recommendation.ts";

/** Trains every model on the current snapshot. Inventory planning has no model: it is computed when scoring. */
export const train: Pipeline = (context) =>
  inOrder({ churn: trainChurn, recommendation: trainRecommendation }, context);
