import { encodeJson, type ObjectStore, readJson } from "shopflow/lake/mod.ts";

/** What `leases/<name>.json` holds. */
interface LeaseRecord {
  owner: string;
  /** ISO time from which on anyone may take it over. */
  expiresAt: string;
}

export interface LeaseOptions {
  owner: string;
  /** How long the right lasts if its owner dies, in milliseconds. */
  ttlMs: number;
  now: () => Date;
}

/** The right to do something on this lake, held by one owner at a time. */
export interface Lease {
  release(): Promise<void>;
}

/** Takes a lease, or tells who has it. A conditional write decides between those who try at once. */
export async function takeLease(
  store: ObjectStore,
  name: string,
  { owner, ttlMs, now }: LeaseOptions,
): Promise<{ lease: Lease } | { heldBy: string; until: string }> {
  const key = `leases/${name}.json`;
  const wanted: LeaseRecord = { owner, expiresAt: new Date(now().getTime() + ttlMs).toISOString() };
  const before = await readJson<LeaseRecord>(store, key);
  if (before !== undefined && Date.parse(before.value.expiresAt) > now().getTime()) {
    return { heldBy: before.value.owner, until: before.value.expiresAt };
  }
  const taken = before === undefined
    ? await store.putIfAbsent(key, encodeJson(wanted))
    : await store.putIfMatch(key, encodeJson(wanted), before.etag);
  if (taken === undefined) {
    const winner = (await readJson<LeaseRecord>(store, key))?.value;
    return { heldBy: winner?.owner ?? "another process", until: winner?.expiresAt ?? wanted.expiresAt };
  }
  return {
    lease: {
      async release() {
        // Marked as expired rather than deleted: a plain delete could hit the lease of one who took over meanwhile.
        await store.putIfMatch(key, encodeJson({ owner, expiresAt: now().toISOString() }), taken.etag);
      },
    },
  };
}
