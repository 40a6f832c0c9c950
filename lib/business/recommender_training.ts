import { type InteractionOptions, interactionsSql, salesByAgeSql } from "shopflow/features/mod.ts";
import {
  fitRecommender,
  type InteractionColumns,
  interactionTable,
  RECOMMENDER_PARAMETERS,
  type RecommenderModel,
  type RecommenderParameters,
  type SalesColumns,
  salesTable,
} from "shopflow/models/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";

/** What the recommender is trained on, by column. */
export interface RecommenderData {
  interactions: InteractionColumns;
  sales: SalesColumns;
}

/**
 * Reads interactions and sales before `asOf`.
 *
 * @param session A session with the curated tables.
 */
export async function readRecommenderData(
  session: Pick<Session, "columns">,
  asOf: string,
  options: InteractionOptions = {},
): Promise<RecommenderData> {
  const interactions = await session.columns(interactionsSql(asOf, options));
  const sales = await session.columns(salesByAgeSql(asOf, options));
  return {
    interactions: interactions as unknown as InteractionColumns,
    sales: sales as unknown as SalesColumns,
  };
}

/**
 * Trains the recommender on what was read.
 *
 * @throws {ModelError} when there are no interactions or a parameter is out of range.
 */
export function trainRecommender(
  { interactions, sales }: RecommenderData,
  parameters: RecommenderParameters = RECOMMENDER_PARAMETERS,
): RecommenderModel {
  return fitRecommender(
    { interactions: interactionTable(interactions), sales: salesTable(sales) },
    parameters,
  );
}
