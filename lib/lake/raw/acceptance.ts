import { LakeError } from "shopflow/errors/mod.ts";
import { isDeepStrictEqual } from "node:util";
import { CURRENT_EXTRACT, extractShape, type RawExtract, type RawFile, type RawState } from "../raw.ts";
import { currentSnapshotId, type Manifest, readManifest } from "../snapshots.ts";
import { updateJson } from "../store/json_object.ts";
import type { ObjectStore } from "../store/object_store.ts";

/** The raw files of a state, by source table. */
export const rawInputs = ({ tables }: Pick<RawState, "tables">): Record<string, RawFile[]> =>
  Object.fromEntries(Object.entries(tables).map(([name, { files }]) => [name, files]));

/** Whether a snapshot was made of this state. */
export const isMadeOf = ({ inputs }: Pick<Manifest, "inputs">, state: Pick<RawState, "tables">): boolean =>
  JSON.stringify(inputs) === JSON.stringify(rawInputs(state));

/** A state without what is noted about it. */
function stateOf({ run, extractedAt, source, sourceTransactionTime, tables }: RawState): RawState {
  return {
    run,
    extractedAt,
    source,
    ...(sourceTransactionTime !== undefined && { sourceTransactionTime }),
    tables,
  };
}

/** Notes that data tests refused a snapshot of an extract, so that the next extract goes on from the accepted one. */
export async function refuseRawExtract(store: ObjectStore, { run }: RawState, at: Date): Promise<void> {
  // Also where another extract came meanwhile: it goes on from the refused state.
  await updateJson<RawExtract>(
    store,
    CURRENT_EXTRACT,
    (present) => present && { ...present, refused: { at: at.toISOString(), run } },
    { shape: extractShape },
  );
}

/** Notes that a snapshot of an extract passed the data tests. */
export async function acceptRawExtract(store: ObjectStore, extract: RawExtract): Promise<void> {
  await updateJson<RawExtract>(store, CURRENT_EXTRACT, (present) => {
    if (present === undefined) return undefined;
    // It may hold the run that was withdrawn meanwhile.
    if (!isDeepStrictEqual(present.withdrawn?.at(-1), extract.withdrawn?.at(-1))) return undefined;
    // That the present state is accepted is seen from the snapshot; of one that came meanwhile nothing is known yet.
    if (present.run !== extract.run) return { ...present, accepted: stateOf(extract) };
    if (present.refused === undefined) return undefined;
    const { refused: _, ...rest } = present;
    return rest;
  }, { shape: extractShape });
}

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
    // An extract does not need the snapshot; the next build reports the error.
    if (error instanceof LakeError) return undefined;
    throw error;
  }
}
