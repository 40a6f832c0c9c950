import { ModelError } from "shopflow/errors/mod.ts";
import { loadModelVersion, type ModelVersion } from "shopflow/registry/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";

/** The champion as a challenger meets it: with its files, or why they cannot be read; undefined where there is none. */
export type ChampionInQuestion = ModelVersion | { unreadable: string } | undefined;

/** Loads the champion for a comparison; one that is incomplete is unreadable, a store that fails is an error. */
export async function championInQuestion(
  store: ObjectStore,
  name: string,
  version: string | null,
): Promise<ChampionInQuestion> {
  if (version === null) return undefined;
  try {
    return await loadModelVersion(store, name, version);
  } catch (error) {
    if (error instanceof ModelError) return { unreadable: error.message };
    throw error;
  }
}

/** What `judge` says of a champion, or why the present code cannot read it. */
export function asked<T>(judge: () => T): T | { unreadable: string } {
  try {
    return judge();
  } catch (error) {
    if (error instanceof ModelError) return { unreadable: error.message };
    throw error;
  }
}
