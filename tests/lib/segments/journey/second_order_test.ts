import { readWaitingTimes, returnedBy, returnedWithin } from "shopflow/segments/journey/mod.ts";
import assert from "node:assert/strict";
import { openCuratedShop } from "../../../fixtures/curated_shop.ts";

Deno.test("the curve and its intervals are the published ones of the 6-MP trial", () => {
  // Freireich et al. 1963, as in Kalbfleisch and Prentice (2002), table 1.1; intervals of R's survfit, conf.type "log-log".
  const times = [
    [6, 3, 1],
    [7, 1, 0],
    [9, 0, 1],
    [10, 1, 1],
    [11, 0, 1],
    [13, 1, 0],
    [16, 1, 0],
    [17, 0, 1],
    [19, 0, 1],
    [
      20,
      0,
      1,
    ],
    [22, 1, 0],
    [23, 1, 0],
    [25, 0, 1],
    [32, 0, 2],
    [34, 0, 1],
    [35, 0, 1],
  ]
    .map(([days, ordered, censored]) => ({ days: days!, ordered: ordered!, censored: censored! }));
  const found = returnedBy(times).map(({ days, share, low, high, atRisk }) => [
    days,
    atRisk,
    ...[1 - share, 1 - high, 1 - low].map((value) => value.toFixed(3)),
  ]);
  assert.deepEqual(found, [
    [6, 21, "0.857", "0.620", "0.952"],
    [7, 17, "0.807", "0.563", "0.923"],
    [10, 15, "0.753", "0.503", "0.889"],
    [13, 12, "0.690", "0.432", "0.849"],
    [16, 11, "0.627", "0.368", "0.805"],
    [22, 7, "0.538", "0.268", "0.747"],
    [23, 6, "0.448", "0.188", "0.680"],
  ]);
});

Deno.test("customers wait from the first order to the second, or to the end of the data", async () => {
  const sale = (
    order: string,
    customer: string,
    day: string,
  ) => [order, "P1", customer, day, "sale", 1, 10, 10, 0];
  using session = await openCuratedShop({
    fact_orders: [
      sale("1", "A", "2024-01-01"),
      sale("2", "A", "2024-01-31"),
      sale("3", "A", "2024-02-20"),
      sale("4", "B", "2024-01-01"),
      // Two orders of one day.
      sale("5", "C", "2024-02-01"),
      sale("6", "C", "2024-02-01"),
      sale("7", "D", "2023-06-01"),
      sale("8", "D", "2024-02-01"),
      sale("9", "UNKNOWN", "2024-01-01"),
    ],
  });
  const times = await readWaitingTimes(session, { first: "2024-01-01", last: "2024-03-31" });
  assert.deepEqual(times, [
    { days: 0, ordered: 1, censored: 0 },
    { days: 30, ordered: 1, censored: 0 },
    { days: 90, ordered: 0, censored: 1 },
  ]);
  const curve = returnedBy(times);
  assert.ok(Math.abs(returnedWithin(curve, 30, 90)!.share - 2 / 3) < 1e-12);
  assert.ok(Math.abs(returnedWithin(curve, 29, 90)!.share - 1 / 3) < 1e-12);
  assert.equal(returnedWithin(curve, 91, 90), undefined, "not known yet");
  assert.deepEqual(returnedBy([]), []);
});
