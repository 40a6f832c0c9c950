import assert from "node:assert/strict";
import { formatAge, formatMetric, metricName } from "../../../server/pages/wording.ts";

Deno.test("an age is told in the largest unit that says something", () => {
  const ages = [5, 60, 119, 3600, 7200, 100_000, 86_400 * 3.9].map(formatAge);
  assert.deepEqual(ages, [
    "less than a minute",
    "1 minute",
    "1 minute",
    "60 minutes",
    "2 hours",
    "27 hours",
    "3 days",
  ]);
});

Deno.test("counts and shares are told as people write them", () => {
  assert.deepEqual([12345, 0.81234, 0].map(formatMetric), ["12,345", "0.812", "0"]);
  assert.deepEqual(["ndcg_at_10", "baseline_auc"].map(metricName), ["NDCG at 10", "Baseline AUC"]);
});
