/** The business's case against churn, as it states it: rates per month, money per year. */
export const CHURN_CASE = { monthlyChurn: 0.15, yearlyLoss: 2_000_000, targetMonthlyChurn: 0.10 };

/** Yearly loss at another monthly churn, in proportion to the business's own figures. */
export function yearlyChurnLoss(monthlyChurn: number): number {
  return CHURN_CASE.yearlyLoss * monthlyChurn / CHURN_CASE.monthlyChurn;
}
