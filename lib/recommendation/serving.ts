import {
  columnSlices,
  defineEndpoint,
  EntityId,
  notReady,
  type Served,
  type ServingDefinition,
  Versions,
  type VersionsOf,
  versionsOfModel,
  versionsOfScores,
} from "shopflow/ml/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { z } from "zod";
import type { Recommendation, Recommender } from "./matrix.ts";

/** Score tables hold this many products a customer. */
export const RECOMMENDATIONS_PER_CUSTOMER = 20;

/** The recommendation score table in memory, by customer. */
export interface RecommendationScores {
  /** The first `n` products by rank, or undefined when the customer was not scored. */
  of(customerId: string, n: number): Recommendation[] | undefined;
}

type ServedRecommendations = Served<Recommender, RecommendationScores>;

const COUNT = `a whole number from 1 to ${RECOMMENDATIONS_PER_CUSTOMER}`;

const Named = z.object({ product_id: z.string(), product_name: z.string().nullable() });
const Answer = Versions.extend({
  customer_id: z.string(),
  source: z.enum(["model", "popularity"]).meta({
    description: "model: from this customer's history; popularity: the shop's best sellers, for customers " +
      "without history, and for everybody while the baseline is in use",
  }),
  items: z.array(Named.extend({
    category: z.string().nullable(),
    score: z.number(),
    because: Named.nullable().meta({
      description: "The product of the customer's history that contributes most",
    }),
  })),
});

/**
 * `GET /recommend/{customer_id}`: the best products for a customer; the popular ones for a customer without
 * recommendations, 503 before there are any, or a model.
 */
const recommend = defineEndpoint({
  method: "get",
  path: "/recommend/{customer_id}",
  summary: "Products for a customer",
  description:
    "The best products for a customer by the current recommendation scores, each with the purchase it " +
    "is based on. A customer without history gets the best sellers.",
  example: { question: "What to offer?", path: "/recommend/CUST000001?n=5" },
  params: z.object({ customer_id: EntityId.meta({ example: "CUST000001" }) }),
  query: z.strictObject({
    n: z.coerce.number(COUNT).int(COUNT).min(1, COUNT).max(RECOMMENDATIONS_PER_CUSTOMER, COUNT).default(5)
      .meta({ description: COUNT, example: 5 }),
  }, { error: "only n" }),
  answer: { description: "The best first", schema: Answer },
  refusals: [],
  respond(
    served: ServedRecommendations,
    { params: { customer_id }, query: { n } },
  ): z.infer<typeof Answer> {
    const { source, versions, products } = answerFor(served, customer_id, n);
    const product = (id: string) => served.shop?.products.get(id);
    const named = (product_id: string) => ({
      product_id,
      product_name: product(product_id)?.name ?? null,
    });
    const items = products.map(({ productId, score, because }) => ({
      ...named(productId),
      category: product(productId)?.category ?? null,
      score: Number(score.toPrecision(6)),
      because: because === null ? null : named(because),
    }));
    return { customer_id, source, items, ...versions };
  },
});

interface AnsweredFrom {
  source: "model" | "popularity";
  versions: VersionsOf;
  products: Recommendation[];
}

/** @throws {RequestError} 503 when there are no scores, or no model to answer for an unknown customer. */
function answerFor(
  { model, scores, failed }: ServedRecommendations,
  customerId: string,
  n: number,
): AnsweredFrom {
  if (scores === undefined) throw notReady("Recommendations are", { failed: failed.scores });
  const scored = scores.rows.of(customerId, n);
  if (scored !== undefined) {
    const versions = versionsOfScores(scores.table);
    const source = versions.model_kind === "baseline" ? "popularity" : "model";
    return { source, versions, products: scored };
  }
  if (model === undefined) {
    throw notReady("Recommendations for unknown customers are", {
      failed: failed.model,
      command: "deno task pipeline run train",
    });
  }
  return { source: "popularity", versions: versionsOfModel(model.card), products: model.model.popular(n) };
}

/** How the server answers with recommendations. In memory they take 16 bytes a row, with products as codes. */
export const RECOMMENDATION_SERVING: ServingDefinition<Recommender, RecommendationScores> = {
  endpoints: [recommend],
  async loadScores(session, source) {
    const { customerAt, firstRow } = await loadRowRanges(session, source);
    const productIds = await codeProducts(session, source);
    const rows = firstRow.at(-1) ?? 0;
    const products = new Int32Array(rows);
    const because = new Int32Array(rows);
    const scores = new Float64Array(rows);
    let row = 0;
    for await (const slice of columnSlices(session, rankedSql(source))) {
      const codes = slice.product as number[];
      products.set(codes, row);
      because.set(slice.because as number[], row);
      scores.set(slice.score as number[], row);
      row += codes.length;
    }
    const idOf = (code: number | undefined) => code === undefined ? undefined : productIds[code];
    return {
      of(customerId, n) {
        const customer = customerAt.get(customerId);
        if (customer === undefined) return undefined;
        const [from = 0, end = from] = firstRow.subarray(customer, customer + 2);
        const ranked: Recommendation[] = [];
        for (let at = from; at < Math.min(from + n, end); at++) {
          ranked.push({
            productId: idOf(products[at]) ?? "",
            score: scores[at] ?? 0,
            because: idOf(because[at]) ?? null,
          });
        }
        return ranked;
      },
    };
  },
};

/** Customer `i` owns the rows from `firstRow[i]` up to `firstRow[i + 1]` (exclusive) of the ranked table. */
async function loadRowRanges(session: Session, source: string) {
  const customerAt = new Map<string, number>();
  const firstRow = [0];
  const counts = `SELECT customer_id, count(*) AS items FROM ${source} GROUP BY ALL ORDER BY customer_id`;
  let end = 0;
  for await (const slice of columnSlices(session, counts)) {
    const items = slice.items as number[];
    for (const [i, id] of (slice.customer_id as string[]).entries()) {
      customerAt.set(id, customerAt.size);
      firstRow.push(end += items[i] ?? 0);
    }
  }
  return { customerAt, firstRow: Uint32Array.from(firstRow) };
}

/** Numbers the products in a table `product_codes`: reading two million ids as text would take twice the time. */
async function codeProducts(session: Session, source: string): Promise<string[]> {
  await session.run(`CREATE TEMP TABLE product_codes AS
    SELECT product_id, row_number() OVER (ORDER BY product_id) - 1 AS code
    FROM (SELECT product_id FROM ${source} UNION SELECT because FROM ${source} WHERE because IS NOT NULL)`);
  const { product_id } = await session.columns("SELECT product_id FROM product_codes ORDER BY code");
  return product_id as string[];
}

/** Products as codes, -1 where there is none, by customer and rank. */
const rankedSql = (source: string) => `
  SELECT product.code::INTEGER AS product, coalesce(cause.code, -1)::INTEGER AS because, score
  FROM ${source} AS scored
  JOIN product_codes AS product ON product.product_id = scored.product_id
  LEFT JOIN product_codes AS cause ON cause.product_id = scored.because
  ORDER BY customer_id, rank`;
