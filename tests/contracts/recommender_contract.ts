/**
 * What every recommender must do, on shops whose right answer is known: four groups of products, and customers
 * who deal with one group only.
 */
import type { Interaction, Recommender } from "../../lib/recommendation/matrix.ts";
import { loadRecommender } from "shopflow/recommendation/mod.ts";
import type { RecommenderTraining } from "../../lib/recommendation/model.ts";
import assert from "node:assert/strict";

/** A kind of recommender under test. */
export interface RecommenderKind {
  /** Trains; with `seed` if the kind uses chance. */
  fit(training: RecommenderTraining): Recommender;
  /** The trained model's files. */
  save(training: RecommenderTraining): Record<string, Uint8Array>;
}

const GROUPS = 4, PER_GROUP = 8, CUSTOMERS = 120;
const productOf = (group: number, i: number) => `P${group}${i}`;
const groupOf = (productId: string) => Number(productId[1]);
const bought = (...productIds: string[]): Interaction[] =>
  productIds.map((productId) => ({ productId, weight: 1, purchased: true }));

/** Every customer bought half of one group's products; group 0 sells best. */
function groupedShop(reversed = false): RecommenderTraining {
  const rows: [string, string][] = [];
  for (let customer = 0; customer < CUSTOMERS; customer++) {
    const start = Math.floor(customer / GROUPS);
    for (let i = 0; i < PER_GROUP / 2; i++) {
      rows.push([`C${customer}`, productOf(customer % GROUPS, (start + i * (1 + start % 3)) % PER_GROUP)]);
    }
  }
  if (reversed) rows.reverse();
  return {
    interactions: {
      customerIds: rows.map(([customer]) => customer),
      productIds: rows.map(([, product]) => product),
      weights: rows.map(() => 1),
    },
    sales: {
      productIds: rows.map(([, product]) => product),
      ageDays: rows.map(([, product]) => groupOf(product) === 0 ? 1 : 200),
      orders: rows.map(() => 1),
    },
  };
}

export function recommenderContract(name: string, kind: RecommenderKind): void {
  const contract = (sentence: string, body: (recommender: Recommender) => void) =>
    Deno.test(`${name} ${sentence}`, () => body(kind.fit(groupedShop())));

  contract("recommends from the group that the customer buys in", (recommender) => {
    for (let group = 0; group < GROUPS; group++) {
      const list = recommender.recommend(bought(productOf(group, 0), productOf(group, 3)), 5);
      assert.equal(list.length, 5);
      for (const { productId } of list) assert.equal(groupOf(productId), group, productId);
    }
  });

  contract("lists the best first, each product once, and as many as asked for", (recommender) => {
    const list = recommender.recommend(bought(productOf(1, 2)), 20);
    assert.equal(list.length, 20);
    assert.equal(new Set(list.map(({ productId }) => productId)).size, 20);
    for (let i = 1; i < list.length; i++) assert.ok(list[i - 1]!.score >= list[i]!.score);
    assert.deepEqual(recommender.recommend(bought(productOf(1, 2)), 3), list.slice(0, 3));
  });

  contract("says which purchase speaks for a product, and never a mere view", (recommender) => {
    const history = [
      ...bought(productOf(2, 1)),
      { productId: productOf(3, 1), weight: 1, purchased: false },
    ];
    const list = recommender.recommend(history, 10);
    for (const { productId, because } of list.filter(({ score }) => score > 0)) {
      assert.equal(because, groupOf(productId) === 2 ? productOf(2, 1) : null, productId);
    }
    assert.ok(list.some(({ because }) => because === null) && list.some(({ because }) => because !== null));
  });

  contract("leaves out what was bought when asked to", (recommender) => {
    const history = bought(productOf(0, 0), productOf(0, 1));
    const list = recommender.recommend(history, 40, { excludePurchased: true });
    assert.equal(list.length, GROUPS * PER_GROUP - 2);
    assert.ok(list.every(({ productId }) => ![productOf(0, 0), productOf(0, 1)].includes(productId)));
    const all = recommender.recommend(history, 40, { excludePurchased: false });
    assert.equal(all.length, GROUPS * PER_GROUP);
  });

  contract("gives an unknown customer what sells best at present", (recommender) => {
    const popular = recommender.popular(5);
    assert.ok(popular.every(({ productId, because }) => groupOf(productId) === 0 && because === null));
    assert.deepEqual(recommender.recommend([], 5), popular);
    assert.deepEqual(recommender.recommend(bought("NOT SOLD HERE"), 5), popular);
    const shares = recommender.popular(1000).reduce((sum, { score }) => sum + score, 0);
    assert.ok(Math.abs(shares - 1) < 1e-5, `shares sum to ${shares}`);
  });

  contract("finds similar products in the same group, itself not among them", (recommender) => {
    const similar = recommender.similarItems(productOf(3, 4), 6);
    assert.equal(similar.length, 6);
    for (const { productId, similarity } of similar) {
      assert.equal(groupOf(productId), 3);
      assert.notEqual(productId, productOf(3, 4));
      assert.ok(similarity > 0 && similarity <= 1);
    }
    assert.deepEqual(recommender.similarItems("NOT SOLD HERE", 6), []);
  });

  contract("gives nothing when nothing is asked for", (recommender) => {
    assert.deepEqual(recommender.recommend(bought(productOf(0, 0)), 0), []);
    assert.deepEqual(recommender.popular(0), []);
  });

  contract("answers one customer the same after answering another", (recommender) => {
    const first = recommender.recommend(bought(productOf(0, 0)), 5);
    recommender.recommend(bought(productOf(1, 0), productOf(2, 0)), 5);
    assert.deepEqual(recommender.recommend(bought(productOf(0, 0)), 5), first);
  });

  Deno.test(`${name} is the same for the same data in another order`, () => {
    assert.deepEqual(kind.save(groupedShop(true)), kind.save(groupedShop()));
  });

  Deno.test(`${name} answers the same after being saved and loaded`, () => {
    const loaded = loadRecommender(kind.save(groupedShop())), trained = kind.fit(groupedShop());
    const history = bought(productOf(2, 0), productOf(2, 5), productOf(1, 1));
    assert.deepEqual(loaded.recommend(history, 20), trained.recommend(history, 20));
    assert.deepEqual(loaded.similarItems(productOf(1, 1), 5), trained.similarItems(productOf(1, 1), 5));
    assert.deepEqual(loaded.popular(20), trained.popular(20));
  });

  Deno.test(`${name} refuses to learn from nothing`, () => {
    const nothing = { productIds: [], ageDays: [], orders: [] };
    assert.throws(
      () => kind.fit({ interactions: { customerIds: [], productIds: [], weights: [] }, sales: nothing }),
      { name: "TooLittleDataError", message: /no interactions to learn from/ },
    );
  });

  for (const weight of [0, -1, NaN, Infinity]) {
    Deno.test(`${name} refuses the weight ${weight}`, () => {
      const training = groupedShop();
      const weights = Array.from(training.interactions.weights, (known, i) => i === 3 ? weight : known);
      assert.throws(() => kind.fit({ ...training, interactions: { ...training.interactions, weights } }), {
        name: "ModelError",
        message: /expected a number above 0/,
      });
    });
  }
}
