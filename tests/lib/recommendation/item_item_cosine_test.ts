import { interactionMatrix, type InteractionTable } from "../../../lib/recommendation/matrix.ts";
import { itemItemCosine, type ItemItemOptions } from "../../../lib/recommendation/similarity.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";

const PLAIN: ItemItemOptions = { neighbours: 50, shrinkage: 0, customerNormalisation: 0 };

/** A random table, and the same numbers as a dense matrix. */
function randomTable(customers: number, products: number, rows: number) {
  const random = createRandom(7, "item_item");
  const table = { customerIds: [] as string[], productIds: [] as string[], weights: [] as number[] };
  const dense = Array.from({ length: customers }, () => new Float64Array(products));
  for (let i = 0; i < rows; i++) {
    const customer = Math.floor(random() * customers), product = Math.floor(random() ** 2 * products);
    const weight = 0.1 + random();
    table.customerIds.push(`C${String(customer).padStart(3, "0")}`);
    table.productIds.push(`P${String(product).padStart(3, "0")}`);
    table.weights.push(weight);
    dense[customer]![product]! += weight;
  }
  return { table: table satisfies InteractionTable, dense };
}

Deno.test("similarities are those of the formula computed densely", () => {
  const { table, dense } = randomTable(40, 12, 300);
  const { productIds, matrix } = interactionMatrix(table);
  for (
    const options of [PLAIN, { ...PLAIN, shrinkage: 2 }, {
      ...PLAIN,
      shrinkage: 0.5,
      customerNormalisation: 0.5,
    }]
  ) {
    const { offsets, indexes, similarities } = itemItemCosine(matrix, options);
    const rows = dense.map((row) => {
      const norm = Math.hypot(...row) ** options.customerNormalisation;
      return norm === 0 ? row : row.map((weight) => weight / norm);
    });
    const column = (product: string) => rows.map((row) => row[Number(product.slice(1))]!);
    productIds.forEach((product, i) => {
      const expected = productIds.flatMap((other, j) => {
        const dot = column(product).reduce((sum, weight, row) => sum + weight * column(other)[row]!, 0);
        const norms = Math.hypot(...column(product)) * Math.hypot(...column(other));
        return i === j || dot === 0 ? [] : [{ j, similarity: dot / (norms + options.shrinkage) }];
      }).sort((a, b) => b.similarity - a.similarity);
      const end = offsets[i + 1]!;
      assert.deepEqual([...indexes.slice(offsets[i], end)], expected.map(({ j }) => j));
      expected.forEach(({ similarity }, at) =>
        assert.ok(Math.abs(similarities[offsets[i]! + at]! - similarity) < 1e-6)
      );
    });
  }
});

Deno.test("only the nearest neighbours are kept, and they are the nearest", () => {
  const { matrix } = interactionMatrix(randomTable(60, 30, 900).table);
  const all = itemItemCosine(matrix, PLAIN), few = itemItemCosine(matrix, { ...PLAIN, neighbours: 4 });
  for (let product = 0; product < matrix.columns; product++) {
    const start = all.offsets[product]!;
    const nearest = all.indexes.slice(start, Math.min(start + 4, all.offsets[product + 1]!));
    assert.deepEqual(few.indexes.slice(few.offsets[product], few.offsets[product + 1]), nearest);
  }
});

Deno.test("repeated pairs add up, and rows come sorted whatever their order was", () => {
  const { customerIds, productIds, matrix } = interactionMatrix({
    customerIds: ["b", "a", "b", "b"],
    productIds: ["y", "y", "x", "y"],
    weights: [1, 2, 3, 4],
  }, ["z"]);
  assert.deepEqual([customerIds, productIds], [["a", "b"], ["x", "y", "z"]]);
  assert.deepEqual([...matrix.offsets], [0, 1, 3]);
  assert.deepEqual([...matrix.indexes], [1, 0, 1]);
  assert.deepEqual([...matrix.values], [2, 3, 5]);
});

Deno.test("options out of their range are named", () => {
  const { matrix } = interactionMatrix(randomTable(5, 5, 20).table);
  for (
    const [options, name] of [
      [{ ...PLAIN, neighbours: 0 }, /neighbours/],
      [{ ...PLAIN, neighbours: 1.5 }, /neighbours/],
      [{ ...PLAIN, shrinkage: -1 }, /shrinkage/],
      [{ ...PLAIN, customerNormalisation: 2 }, /customerNormalisation/],
    ] as const
  ) assert.throws(() => itemItemCosine(matrix, options), { name: "ModelError", message: name });
});
