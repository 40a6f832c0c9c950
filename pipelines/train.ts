import type { Pipeline } from "./context.ts";
import { inOrder } from "./in_order.ts";
import { trainChurn } from "./train/churn.ts";
import { trainRecommendation } from "./train/recommendation.ts";

/** Trains every model on the current snapshot. Inventory planning has no model: it is computed when scoring. */
export const train: Pipeline = (context) =>
  inOrder({ churn: trainChurn, recommendation: trainRecommendation }, context);
