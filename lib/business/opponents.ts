import { ModelError } from "shopflow/errors/mod.ts";
import { HELD_OUT_FILE } from "shopflow/evaluation/mod.ts";
import type { ObjectStore } from "shopflow/lake/mod.ts";
import { type Champion, loadModelVersion, type ModelCard, readVersionFile } from "shopflow/registry/mod.ts";

/** A stored version that a challenger is compared with. */
export interface Opponent {
  version: string;
  /** Undefined where it cannot be read. */
  card?: ModelCard;
  /** Of an unreadable version only its stored predictions, where these are left. */
  files: Record<string, Uint8Array>;
  /** Why the version cannot be read. */
  unreadable?: string;
}

/** With whom a challenger is compared. */
export interface Opponents {
  /** Undefined where there is none. */
  champion?: Opponent;
  /** The version whose quality has to be kept; undefined where that is the champion itself. */
  reference?: Opponent;
}

/**
 * Loads the versions that a challenger is compared with; one that is incomplete is unreadable, a store that fails is an
 * error.
 *
 * @param champion The pointer as it was read before the training.
 */
export async function loadOpponents(
  store: ObjectStore,
  name: string,
  champion: Champion | undefined,
): Promise<Opponents> {
  if (champion === undefined) return {};
  const { version, decision } = champion;
  const reference = decision?.reference ?? version;
  return {
    champion: await opponent(store, name, version),
    ...(reference !== version && { reference: await opponent(store, name, reference) }),
  };
}

async function opponent(store: ObjectStore, name: string, version: string): Promise<Opponent> {
  try {
    return { version, ...await loadModelVersion(store, name, version) };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const kept = await readVersionFile(store, name, version, HELD_OUT_FILE);
    return { version, unreadable: error.message, files: kept === undefined ? {} : { [HELD_OUT_FILE]: kept } };
  }
}

/** What `judge` says of an opponent, or why that is not possible with the present code and data. */
export async function asked<T>(judge: () => T | Promise<T>): Promise<T | { unjudged: string }> {
  try {
    return await judge();
  } catch (error) {
    if (error instanceof ModelError) return { unjudged: error.message };
    throw error;
  }
}
