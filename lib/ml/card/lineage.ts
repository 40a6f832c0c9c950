import { LakeError } from "shopflow/errors/mod.ts";
import { type Manifest, readManifest } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { ModelDefinition } from "../model_definition.ts";
import { type PromotionDecision, promotionDecisions } from "../registry/champion.ts";
import { type PublishedScores, publishedScores } from "../registry/scores.ts";
import type { StoredCard } from "../registry/versions.ts";

/** What a version was made from, and what was made with it. */
export interface ModelLineage {
  snapshot: {
    id: string;
    /** Undefined of a snapshot that garbage collection removed. */
    createdAt?: string;
    /** Code that built it. */
    codeVersion?: string;
    /** Raw files by source table. */
    sources: { table: string; files: number; rows: number; watermark?: string }[];
  };
  /** Hash of the code that trained. */
  code?: string;
  /** The latest first. */
  decisions: PromotionDecision[];
  /** Score tables that it made and that are kept, the latest first. */
  scores: PublishedScores[];
}

/** Follows a version back to the files that were read from the sources, and forward to its score tables. */
export async function modelLineage(
  store: ObjectStore,
  { scoreTable }: Pick<ModelDefinition, "scoreTable">,
  { name, version, snapshot, parameters }: StoredCard,
): Promise<ModelLineage> {
  const manifest = await keptManifest(store, snapshot);
  const tables = await publishedScores(store, scoreTable.name);
  return {
    snapshot: {
      id: snapshot,
      ...(manifest && { createdAt: manifest.createdAt, codeVersion: manifest.codeVersion }),
      sources: Object.entries(manifest?.inputs ?? {}).sort().map(([table, files]) => {
        const watermark = manifest?.lineage?.watermarks?.[table];
        return {
          table,
          files: files.length,
          rows: files.reduce((sum, { rows }) => sum + rows, 0),
          ...(watermark !== undefined && { watermark }),
        };
      }),
    },
    ...(typeof parameters.code === "string" && { code: parameters.code }),
    decisions: (await promotionDecisions(store, name)).filter((decision) => decision.version === version),
    scores: tables.filter(({ modelVersion }) => modelVersion === version).toReversed(),
  };
}

async function keptManifest(store: ObjectStore, id: string): Promise<Manifest | undefined> {
  try {
    return await readManifest(store, id);
  } catch (error) {
    if (error instanceof LakeError) return undefined;
    throw error;
  }
}
