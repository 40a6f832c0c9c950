/** The models of the product. */
import { churnModel } from "shopflow/churn/mod.ts";
import { inventoryModel } from "shopflow/inventory/mod.ts";
import type { ModelDefinition } from "shopflow/ml/mod.ts";
import { recommendationModel } from "shopflow/recommendation/mod.ts";

/** Every model, in the order in which they are trained, scored and documented. A new one is a line here. */
export const MODELS: readonly ModelDefinition[] = [churnModel, recommendationModel, inventoryModel];
