import {
  currentSnapshotId,
  isMadeOf,
  type Manifest,
  type RawExtract,
  type RawState,
  readManifest,
  stateOf,
} from "shopflow/lake/mod.ts";
import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";

/** What an extract goes on from. */
interface Base {
  /** The state that the source is compared with; undefined where there is none. */
  base: RawState | undefined;
  /** Whether that is not the present state, since data tests refused it. */
  isTakenBack: boolean;
  /** The last state that data tests let pass, for the case that they refuse the next one. */
  accepted: RawState | undefined;
}

/**
 * Chooses what an extract goes on from: the present state, or the last accepted one where data tests refused it. What
 * is refused (a table that someone emptied by mistake) would otherwise stay in the history after it was put right, as
 * a deleted version of every customer.
 *
 * A state that the current snapshot is made of was accepted, whatever is noted about it.
 */
export async function chooseBase(store: ObjectStore, present: RawExtract | undefined): Promise<Base> {
  if (present === undefined) return { base: undefined, isTakenBack: false, accepted: undefined };
  const manifest = await currentManifest(store);
  const isAccepted = manifest !== undefined && isMadeOf(manifest, present);
  const accepted = isAccepted ? stateOf(present) : present.accepted;
  return present.refused !== undefined && !isAccepted
    ? { base: accepted, isTakenBack: true, accepted }
    : { base: stateOf(present), isTakenBack: false, accepted };
}

async function currentManifest(store: ObjectStore): Promise<Manifest | undefined> {
  const snapshot = await currentSnapshotId(store);
  try {
    return snapshot === undefined ? undefined : await readManifest(store, snapshot);
  } catch (error) {
    // The sources can be read all the same; whoever builds on the snapshot hears of it.
    if (error instanceof LakeError) return undefined;
    throw error;
  }
}
