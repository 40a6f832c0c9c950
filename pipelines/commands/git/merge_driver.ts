/**
 * Git's merge driver for notebooks, set up by `deno task setup`: `merge_driver.ts BASE OURS THEIRS PATH`. It writes the
 * merged notebook in the place of OURS, which opens in Jupyter also where cells have conflicts; then it exits with 1,
 * and git calls the notebook unmerged.
 */
import { runCommand } from "shopflow/cli/mod.ts";
import { NotebookError } from "shopflow/errors/mod.ts";
import { formatNotebook, parseNotebook } from "shopflow/notebook/format/mod.ts";
import { mergeNotebooks } from "shopflow/notebook/diff/mod.ts";
import { countOf } from "shopflow/runtime/mod.ts";

/** A notebook that is new on both sides comes from none. */
const NONE = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}';

async function merge(base: string, ours: string, theirs: string, path: string): Promise<void> {
  const read = async (file: string, version: string) => {
    const text = await Deno.readTextFile(file);
    return parseNotebook(text.trim() === "" ? NONE : text, `${path} (${version})`);
  };
  let versions;
  try {
    versions = {
      base: await read(base, "base"),
      ours: await read(ours, "ours"),
      theirs: await read(theirs, "theirs"),
    };
  } catch (error) {
    if (!(error instanceof NotebookError)) throw error;
    console.error(`${error.message}; it is merged as text`);
    const { code } = await new Deno.Command("git", { args: ["merge-file", ours, base, theirs] }).output();
    if (code > 0) Deno.exitCode = 1;
    return;
  }
  const { notebook, conflicts } = await mergeNotebooks(versions);
  await Deno.writeTextFile(ours, formatNotebook(notebook));
  if (conflicts.length === 0) return;
  console.error(
    `${path}: ${countOf(conflicts.length, "cell")} with a conflict (${
      conflicts.join(", ")
    }). Open it in Jupyter, ` +
      "edit what is between <<<<<<< and >>>>>>>, save, and `git add` it.",
  );
  Deno.exitCode = 1;
}

if (import.meta.main) {
  await runCommand(async () => {
    const [base = "", ours = "", theirs = "", path = "The notebook"] = Deno.args;
    await merge(base, ours, theirs, path);
  });
}
