import { z } from "@hono/zod-openapi";
import type { ModelCard, ScoreTable } from "shopflow/ml/registry/mod.ts";
import { kindOf } from "../state/served_versions.ts";

const AN_ID = "an id as text of 1 to 20 characters";

/** Id of a customer or product; the sources keep them in varchar(20). */
export const EntityId = z.string(AN_ID).regex(/^[^\p{C}/\\]{1,20}$/u, AN_ID);

/** Where an answer comes from; part of every scoring answer. */
export const Versions = z.object({
  as_of: z.string().openapi({ description: "Data before this date was used", example: "2024-10-02" }),
  model_kind: z.enum(["model", "baseline"]).openapi({
    description:
      "model: the champion; baseline: the simplest method, because no model was good enough or could score " +
      "(churn: recency alone; recommendations: the shop's best sellers for everybody)",
    example: "model",
  }),
  model_version: z.string().openapi({
    description: "Version of the model; that of a baseline begins with baseline-",
    example: "8f2a61c0d9e4",
  }),
  data_snapshot: z.string().openapi({ description: "Snapshot of the lake", example: "5f4dcc3b5aa765d6" }),
});

export type VersionsOf = z.infer<typeof Versions>;

/** Versions of an answer from a score table. */
export const versionsOfScores = (table: ScoreTable): VersionsOf => ({
  as_of: table.asOf,
  model_kind: kindOf(table.modelVersion),
  model_version: table.modelVersion,
  data_snapshot: table.snapshot,
});

/** Versions of an answer that a model computes at the request. */
export const versionsOfModel = (card: ModelCard): VersionsOf => ({
  as_of: card.asOf,
  model_kind: kindOf(card.version),
  model_version: card.version,
  data_snapshot: card.snapshot,
});
