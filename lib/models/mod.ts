/** The models of the product. */
import { churnModel, churnModelOf, playbookOf } from "shopflow/churn/mod.ts";
import { inventoryModel } from "shopflow/inventory/mod.ts";
import type { Business } from "shopflow/kpis/mod.ts";
import { lifetimeValueModel } from "shopflow/lifetime_value/mod.ts";
import type { Config } from "shopflow/config/mod.ts";
import type { ModelDefinition } from "shopflow/ml/mod.ts";
import { recommendationModel } from "shopflow/recommendation/mod.ts";
import { segmentsModel } from "shopflow/segments/mod.ts";

/** Every model, in the order in which they are trained, scored and documented. A new one is a line here. */
export const MODELS: readonly ModelDefinition[] = [
  churnModel,
  recommendationModel,
  inventoryModel,
  lifetimeValueModel,
  segmentsModel,
];

/** {@linkcode MODELS} as the settings want them, with answers that follow what a business says of itself. */
export function modelsOf(
  { churnHorizonDays, searchTrials }: Pick<Config, "churnHorizonDays" | "searchTrials">,
  { playbook }: Pick<Business, "playbook"> = {},
): readonly ModelDefinition[] {
  const churn = churnModelOf({
    playbook: playbookOf(playbook),
    horizonDays: churnHorizonDays,
    trials: searchTrials,
  });
  return MODELS.map((model) => model === churnModel ? churn : model);
}
