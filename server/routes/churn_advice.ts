import { z } from "@hono/zod-openapi";
import { CHURN_PLAYBOOK, type ChurnPlaybook } from "shopflow/business/mod.ts";

/** What an answer says is to be done about a customer. */
export const ChurnAdvice = z.object({
  risk_band: z.enum(["low", "medium", "high"]).openapi({
    description: `high: churn_probability above ${CHURN_PLAYBOOK.riskAbove}; medium: above half of that`,
  }),
  action: z.object({
    type: z.enum(["discount", "none"]),
    discount_percent: z.number(),
    text: z.string(),
  }).openapi({ description: "What the playbook says to do" }),
});

/** What the playbook says about a customer with this churn probability. */
export function churnAdvice(
  probability: number,
  { riskAbove, discount }: ChurnPlaybook = CHURN_PLAYBOOK,
): z.infer<typeof ChurnAdvice> {
  const discount_percent = Math.round(discount * 100);
  if (probability > riskAbove) {
    const text = `Offer a ${discount_percent} % discount.`;
    return { risk_band: "high", action: { type: "discount", discount_percent, text } };
  }
  return {
    risk_band: probability > riskAbove / 2 ? "medium" : "low",
    action: { type: "none", discount_percent: 0, text: "No offer: the risk is below the playbook's limit." },
  };
}
