import { InputError } from "shopflow/errors/mod.ts";
import type { Job } from "shopflow/jobs/mod.ts";

/** More letters to change than this make another word. */
const FARTHEST = 4;

/** @throws {InputError} when there is no such job, with the names that are like it. */
export function findJob(jobs: readonly Job[], name: string): Job {
  const found = jobs.find((job) => job.name === name);
  if (found !== undefined) return found;
  const near = nearestNames(jobs.map((job) => job.name), name);
  throw new InputError("No such job", {
    expected: `one of ${jobs.map((job) => job.name).join(", ")}`,
    found: JSON.stringify(name),
    remedy: near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "`deno task jobs list` describes them.",
  });
}

/** Names that are like a misspelled one, the most similar first: by letters, or since they begin alike. */
function nearestNames(names: string[], wrong: string): string[] {
  return names.map((name) => ({ name, distance: distanceBetween(name, wrong.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= FARTHEST || isPartOf(wrong.toLowerCase(), name))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3).map(({ name }) => name);
}

/** `train` for train-models, `scores` for score-customers. */
const isPartOf = (wrong: string, name: string) =>
  wrong.length >= 3 && name.split("-").some((word) => word.startsWith(wrong) || wrong.startsWith(word));

/** Levenshtein's distance: letters to insert, delete or change. */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row.at(-1)!;
}
