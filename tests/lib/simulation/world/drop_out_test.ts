import assert from "node:assert/strict";
import { NEVER } from "../../../../lib/simulation/world/population.ts";
import { createWorld } from "../../../../lib/simulation/history.ts";

const world = () => createWorld({ customers: 2000, products: 60, seed: 5, until: "2024-12-31" });

Deno.test("customers drop out in the month drawn for them, with the hazard that the truth records", () => {
  const { dropOut: { truth, reviewMonth }, population, calendar } = world();
  reviewMonth(0);
  const alive = population.signupDay.filter((day) => day < 0).length;
  assert.equal(truth.customer.length, alive);
  const left = truth.aliveAtEnd.values().filter((end) => end === 0).length;
  const expected = truth.hazard.values().reduce((a, b) => a + b, 0) / 1e6;
  assert.ok(Math.abs(left - expected) < 3 * Math.sqrt(expected), `${left} left, ${expected} expected`);
  for (const day of population.dropOutDay) {
    assert.ok(day === NEVER || (day > 0 && day <= calendar.monthStarts[1]!));
  }
});

Deno.test("annoyance raises the hazard, and fades", () => {
  const { dropOut: { truth, reviewMonth, annoy }, population } = world();
  for (let customer = 0; customer < population.size; customer++) annoy(customer, 1);
  for (const month of [0, 1, 2]) reviewMonth(month);
  const hazards = new Map<number, number[]>();
  truth.customer.values().forEach((customer, row) =>
    hazards.set(customer, [...hazards.get(customer) ?? [], truth.hazard.values()[row]!])
  );
  const survivors = [...hazards.values()].filter((months) => months.length === 3);
  assert.ok(survivors.length > 50);
  for (const [first, second, third] of survivors) assert.ok(first! > second! && second! > third!);
});
