import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { InputError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { mlflowExperiment, mlflowRun, type Trial, trialPredictions } from "shopflow/ml/experiments/mod.ts";
import { fileExists } from "shopflow/runtime/mod.ts";
import { parse } from "yaml";

/**
 * Writes trials as runs of MLflow to a folder, which may have runs of an earlier export or of MLflow itself. What is
 * there of the same trials is written again.
 *
 * @throws {InputError} when MLflow made an experiment of the same name there, or the folder cannot be written.
 */
export async function exportToMlflow(
  store: ObjectStore,
  trials: readonly Trial[],
  folder: string,
): Promise<{ experiments: number }> {
  const root = resolve(folder);
  const location = pathToFileURL(root).href.replace(/\/$/, "");
  const byExperiment = [...Map.groupBy(trials, ({ experiment }) => experiment)].map(([name, own]) => ({
    name,
    own,
    described: mlflowExperiment(name, own, location),
  }));
  await refuseOthers(root, new Map(byExperiment.map(({ name, described }) => [name, described.id])));
  for (const { own, described } of byExperiment) {
    await write(join(root, described.path), described.text);
    for (const trial of own) {
      const run = mlflowRun(trial, await trialPredictions(store, trial), location);
      for (const path of run.folders) await Deno.mkdir(join(root, path), { recursive: true });
      for (const { path, text } of run.files) await write(join(root, path), text);
    }
  }
  return { experiments: byExperiment.length };
}

/** MLflow cannot read a store with two experiments of one name. */
async function refuseOthers(root: string, ids: Map<string, string>): Promise<void> {
  if (!await fileExists(root)) return;
  for await (const { name: id, isDirectory } of Deno.readDir(root)) {
    const path = join(root, id, "meta.yaml");
    if (!isDirectory || !await fileExists(path)) continue;
    const { name } = parse(await Deno.readTextFile(path)) as { name?: unknown };
    if (typeof name !== "string" || (ids.get(name) ?? id) === id) continue;
    throw new InputError(`${root} has an experiment of the same name already`, {
      expected: "a folder without an experiment of that name which another program made",
      found: `${JSON.stringify(name)} in ${id}`,
      remedy: "Export to another folder.",
    });
  }
}

async function write(path: string, text: string): Promise<void> {
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, text);
  } catch (error) {
    throw new InputError(`${path} cannot be written`, {
      found: error instanceof Error ? error.message : String(error),
      remedy: "Choose another folder.",
      cause: error,
    });
  }
}
