import { errorText, LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { MODELS } from "shopflow/models/mod.ts";
import type { ModelDefinition } from "shopflow/ml/mod.ts";
import { type Artifacts, artifactSources, type ArtifactVersion, type ServingState } from "./serving.ts";

export interface ServingCacheOptions {
  /** What is served; by default every model of the product. */
  models?: readonly ModelDefinition[];
  /** How old the knowledge of the lake's pointers may be, in milliseconds. */
  pollMs?: number;
  /** How long a request waits for a newly published version before it is answered from the previous one. */
  staleWhileLoadingMs?: number;
  /** How long a request waits for the first version of anything. */
  startMs?: number;
  /** A clock that never goes back, in milliseconds; by default that of the process. */
  elapsedMs?: () => number;
}

/** Whether the lake can be read. */
export interface LakeState {
  /** When its pointers were read last; undefined before the first time. */
  readAt?: Date;
  /** Since when they cannot be read; undefined while they can. */
  unreachableSince?: Date;
}

/** What the server answers from, kept up to date with the lake. */
export interface ServingCache {
  /** The state to answer one request from. */
  current(): Promise<ServingState>;
  /** How the last look at the lake ended. */
  lake(): LakeState;
}

/** A lake that does not answer is looked at less and less often, down to this. */
const SELDOM_MS = 30_000;

/**
 * Keeps what is served in memory. The pointers are read again when a request comes and the last look is
 * older than `pollMs`; what changed is loaded while requests go on with the previous state, which
 * is then replaced as a whole. What was loaded stays when the lake, or what it is loaded from, has gone: ShopFlow
 * replaces pointers but never deletes one, so an absent one means that something is wrong.
 *
 * @param afterLook Is called after each look that found the lake, before requests are answered from what was found.
 */
export function createServingCache(
  store: ObjectStore,
  runtime: Runtime,
  {
    models = MODELS,
    pollMs = 2000,
    staleWhileLoadingMs = 100,
    startMs = 20_000,
    elapsedMs = () => performance.now(),
  }: ServingCacheOptions = {},
  afterLook: () => Promise<void> = () => Promise.resolve(),
): ServingCache {
  const sources = artifactSources(models);
  const nothing: ServingState = { models: {}, scores: {}, failed: sources.map(({ name }) => name) };
  let serving: ServingState | undefined;
  let lake: LakeState = {};
  let failedLooks = 0;
  let checkedAt = -Infinity;
  let refreshing = false;
  let ready = Promise.resolve();
  const versions = new Map<string, string>();
  const failures = new Map<string, string>();

  /** What fails is tried again at every look but logged once; its previous version goes on answering. */
  async function watched(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      failures.delete(name);
    } catch (error) {
      const reason = errorText(error);
      if (failures.get(name) !== reason) runtime.log.warn(`could not load ${name}: ${reason}`);
      failures.set(name, reason);
    }
  }

  async function update(name: string, found: ArtifactVersion | undefined, next: Artifacts): Promise<void> {
    if (found?.version === versions.get(name)) return;
    if (found === undefined) {
      throw new LakeError("The pointer to its version is no longer in the lake", {
        expected: `a pointer such as to ${versions.get(name)}, which is still served`,
        found: "none",
        remedy:
          "Restore it from a backup, or run the pipeline again. If another lake took the place of this one, " +
          "restart the server.",
      });
    }
    (await found.load())(next);
    versions.set(name, found.version);
  }

  async function refresh(): Promise<void> {
    const looks = await Promise.allSettled(sources.map(({ find }) => find(store)));
    const gone = whyUnreachable(looks, versions.size > 0);
    if (gone !== undefined) return lost(gone);
    if (lake.unreachableSince !== undefined) runtime.log.info(`the lake ${store.url} can be read again`);
    lake = { readAt: runtime.now() };
    failedLooks = 0;
    const { failed: _, ...previous } = serving ?? nothing;
    const next: Artifacts = previous;
    // Loads one after the other: all at once would multiply the peak of memory.
    for (const [i, { name }] of sources.entries()) {
      const look = looks[i];
      await watched(name, async () => {
        if (look?.status === "rejected") throw look.reason;
        await update(name, look?.value, next);
      });
    }
    await afterLook();
    serving = { ...next, failed: [...failures.keys()] };
  }

  /** What was loaded is served on; where nothing was, everything failed. */
  function lost(reason: string): void {
    failedLooks++;
    if (lake.unreachableSince === undefined) {
      const consequence = versions.size > 0 ? " The server keeps answering from what it loaded." : "";
      runtime.log.warn(`the lake cannot be read: ${reason}${consequence}`);
    }
    lake = { ...lake, unreachableSince: lake.unreachableSince ?? runtime.now() };
    serving ??= nothing;
  }

  return {
    lake: () => lake,
    async current() {
      const waitMs = Math.min(Math.max(SELDOM_MS, pollMs), pollMs * 2 ** Math.min(failedLooks, 10));
      if (!refreshing && elapsedMs() - checkedAt >= waitMs) {
        refreshing = true;
        const refreshed = refresh().finally(() => {
          checkedAt = elapsedMs();
          refreshing = false;
        });
        // Patience counts from the start of a look: a long load does not delay the requests that come during it.
        ready = resolvedWithin(refreshed, serving === undefined ? startMs : staleWhileLoadingMs);
      }
      await ready;
      return serving ?? nothing;
    },
  };
}

/** Why the lake as a whole cannot be read; undefined when a pointer was read, or there never was one. */
function whyUnreachable(
  looks: PromiseSettledResult<ArtifactVersion | undefined>[],
  wasThere: boolean,
): string | undefined {
  if (looks.some((look) => look.status === "fulfilled" && look.value !== undefined)) return undefined;
  const failed = looks.find((look) => look.status === "rejected");
  if (failed !== undefined) return errorText(failed.reason);
  return wasThere ? "it has no pointers any longer, like a folder whose disk is not mounted." : undefined;
}

/** Waits for `work`, but no longer than `ms`; the work goes on. */
async function resolvedWithin(work: Promise<void>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
