import assert from "node:assert/strict";
import { rankedMetrics, rankRows } from "shopflow/ml/evaluation/mod.ts";
import { addDays, checkAsOf } from "shopflow/ml/mod.ts";
import { churnOracle } from "../../../lib/simulation/oracle.ts";
import { PARAMETERS, simulatedRows } from "./simulated_rows.ts";

const AS_OF = checkAsOf("2024-09-15");

Deno.test("the oracle is right on average, ranks better without knowing the future, and is the same again", () => {
  const [day] = churnOracle(PARAMETERS, { asOf: [AS_OF], horizonDays: 90 });
  assert.equal(day!.asOf, AS_OF);
  const { orders } = simulatedRows();
  const [active, stayed] = [new Set<string>(), new Set<string>()];
  for (const { customer_id, order_date, quantity } of orders) {
    if (customer_id === "" || Number(quantity) < 0) continue;
    if (order_date! >= addDays(AS_OF, -90) && order_date! < AS_OF) active.add(customer_id!);
    if (order_date! >= AS_OF && order_date! < addDays(AS_OF, 90)) stayed.add(customer_id!);
  }
  const ids = [...active].filter((id) => day!.probability.has(id)).sort();
  const labels = Uint8Array.from(ids, (id) => stayed.has(id) ? 0 : 1);
  const of = (said: Map<string, number>) =>
    rankedMetrics(rankRows(labels, Float64Array.from(ids, (id) => said.get(id)!)), 0.7);
  const [all, withoutFate] = [of(day!.probability), of(day!.withoutFate)];
  assert.ok(all.calibrationError < 0.06, `calibration error ${all.calibrationError}`);
  assert.ok(withoutFate.calibrationError < 0.08, `calibration error ${withoutFate.calibrationError}`);
  assert.ok(
    all.auc > withoutFate.auc && withoutFate.auc > 0.78 && all.auc < 0.95,
    `${all.auc}, ${withoutFate.auc}`,
  );
  // Nobody who will order is known to: that would be the future.
  assert.ok(ids.every((id) => day!.probability.get(id)! > 0));
});

Deno.test("a day outside the history is refused", () => {
  assert.throws(() => churnOracle(PARAMETERS, { asOf: ["2024-11-01"], horizonDays: 90 }), {
    name: "InputError",
    message: /a day from 2023-01-02 to 2024-10-03, found 2024-11-01/,
  });
});
