import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { parseNotebook } from "../format/notebook_file.ts";
import { asRunRecord, runKey, type RunRecord, runStatus } from "../run/record.ts";

/** A run of a report's notebook that came after the one that is shown, and could not take its place. */
export interface UnpublishedRun {
  runId: string;
  startedAt: string;
  /** `unpublished`: the run itself ended, its page was not published. */
  outcome: "failed" | "cancelled" | "killed" | "unpublished";
  /** Why, in one line. */
  cause: string;
  /** Whether it has a page; else there is at most the executed notebook. */
  hasPage: boolean;
}

/** From the end of a run until its page is published: drawing the charts of a large notebook takes this long at most. */
const PUBLISHING_MS = 120_000;
/** Characters of a cause; a query that fails may quote itself. */
const LONGEST_CAUSE = 200;

/**
 * How a run ended that was started to be published and has not been; `pending` as long as it may still be. A
 * program that is killed leaves no other trace than the record of its run.
 */
export async function startedRun(
  store: ObjectStore,
  notebook: string,
  { runId, startedAt }: { runId: string; startedAt: string },
  now: Date,
): Promise<UnpublishedRun | "pending"> {
  const record = await readRecord(store, runKey(notebook, runId));
  const status = record === undefined ? "killed" : runStatus(record, now);
  const silence = now.getTime() - Date.parse(record?.savedAt ?? startedAt);
  if (status === "running") return "pending";
  const run = { runId, startedAt, hasPage: false };
  if (status === "killed") {
    return { ...run, outcome: "killed", cause: "its process ended before the run did" };
  }
  // No page is made of a cancelled run, so there is nothing to wait for.
  if (status !== "cancelled" && silence < PUBLISHING_MS) return "pending";
  if (status === "succeeded") {
    return {
      ...run,
      outcome: "unpublished",
      cause: "the run succeeded, but its page could not be published",
    };
  }
  return { ...run, outcome: status, cause: oneLine(record?.failure?.evalue ?? "no cause is known") };
}

/** The first line of an error's text, shortened. */
export function oneLine(text: string): string {
  const [line = ""] = text.trim().split("\n");
  return line.length > LONGEST_CAUSE ? `${line.slice(0, LONGEST_CAUSE - 1)}…` : line;
}

/** Undefined when the record is gone or cannot be read: then nothing is known of the run but that it was started. */
async function readRecord(store: ObjectStore, key: string): Promise<RunRecord | undefined> {
  const object = await store.get(key);
  if (object === undefined) return undefined;
  try {
    return asRunRecord(parseNotebook(new TextDecoder().decode(object.body), key).metadata.shopflow);
  } catch (error) {
    if (error instanceof NotebookError) return undefined;
    throw error;
  }
}
