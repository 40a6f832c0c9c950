import { z } from "@hono/zod-openapi";
import { ChurnAdvice } from "./churn_advice.ts";
import { EntityId } from "./entity_id.ts";
import { Versions } from "./versions.ts";

const MOST_CUSTOMERS = 100;
const IDS = `1 to ${MOST_CUSTOMERS} customer ids as a list`;
const FEATURES =
  'an object of feature names with numbers, null where a value is not known, or "none" where there is ' +
  "nothing to measure";
const ONE_OF = "exactly one of customer_id, customer_ids and features";

/** Models compare single-precision numbers; what overflows them is no measurement. */
const FeatureValue = z.number(FEATURES).refine((value) => Number.isFinite(Math.fround(value)), FEATURES);

/** Body of `POST /predict/churn`: a customer, several, or the features of one. */
export const ChurnRequest = z.strictObject({
  customer_id: EntityId.optional().openapi({ description: "One customer, from the current scores" }),
  customer_ids: z.array(EntityId, IDS).min(1, IDS).max(MOST_CUSTOMERS, IDS).optional()
    .openapi({ description: IDS }),
  features: z.record(z.string(), z.union([FeatureValue, z.literal("none"), z.null()], FEATURES), FEATURES)
    .optional()
    .openapi({ description: `For customers the shop does not know: ${FEATURES}` }),
}, { error: (issue) => issue.code === "unrecognized_keys" ? ONE_OF : `an object with ${ONE_OF}` })
  .refine((body) => Object.values(body).filter((value) => value !== undefined).length === 1, {
    error: `an object with ${ONE_OF}`,
  });

const ReasonSchema = z.object({
  feature: z.string(),
  value: z.number().nullable(),
  contribution: z.number().openapi({
    description: "What the feature adds to the log-odds of leaving; below 0 it lowers the risk",
  }),
  text: z.string().openapi({ description: "The fact in words" }),
});

/** A customer's score, with what to do and why. */
export const ChurnScored = z.object({
  customer_id: z.string().optional().openapi({ description: "Absent when features were sent" }),
  churn_probability: z.number().openapi({
    description: "Probability of no order in the next 90 days, 0 to 1",
  }),
  ...ChurnAdvice.shape,
  reasons: z.array(ReasonSchema).openapi({ description: "What moved the score most, strongest first" }),
});

/** Answer about one customer. */
export const ChurnAnswer = ChurnScored.extend(Versions.shape).extend({
  averaged_features: z.array(z.string()).optional().openapi({
    description: "Features that were not sent: they took the values of similar customers of the training",
  }),
  averaged_over: z.number().optional().openapi({
    description: "How many customers of the training these are; 0 when every feature was sent",
  }),
  outside_training_range: z.array(z.object({ feature: z.string(), expected: z.string() })).optional().openapi(
    {
      description:
        "Features that were sent with values that no training customer had: the estimate is less certain",
    },
  ),
});

/** Answer to a request with `customer_ids`. */
export const ChurnBatchAnswer = Versions.extend({
  predictions: z.array(ChurnScored),
  not_scored: z.array(z.string()).openapi({ description: "Customers without a score" }),
});
