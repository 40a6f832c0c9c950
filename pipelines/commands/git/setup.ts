/**
 * `deno task setup:git`: in this clone, notebooks reach git without outputs and are compared cell by cell.
 * `.gitattributes` says which files that concerns; which programs do it is a clone's own setting.
 */
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { InputError } from "shopflow/errors/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** The name under which `.gitattributes` asks for the programs. */
const DRIVER = "shopflow-notebook";
const CLEAN = "pipelines/commands/git/clean_filter.ts", TEXT = "pipelines/commands/git/text_of_notebook.ts";

/**
 * The settings of git. Git runs the programs at the top of the working tree. They take no lock file, so that a
 * merge that stopped at a conflict in it can still be gone on with.
 */
function settings(): Record<string, string> {
  const deno = `'${
    Deno.execPath().replaceAll("\\", "/").replaceAll("'", `'\\''`)
  }' run --quiet --no-prompt --no-lock`;
  return {
    [`filter.${DRIVER}.clean`]: `${deno} ${CLEAN} %f`,
    // Nothing is done on checkout, but a required filter has to have both.
    [`filter.${DRIVER}.smudge`]: "cat",
    // Outputs that slip through because a program is missing would be the worst of all outcomes.
    [`filter.${DRIVER}.required`]: "true",
    [`diff.${DRIVER}.textconv`]: `${deno} --allow-read ${TEXT}`,
    [`diff.${DRIVER}.xfuncname`]: "^%% (.*)$",
  };
}

const program = new Command("deno task setup:git")
  .description("Lets git strip outputs from notebooks and compare them cell by cell, in this clone.")
  .option("--remove", "undo it")
  .action(async ({ remove = false }: { remove?: boolean }) => {
    await git("rev-parse", "--git-dir");
    if (remove) await removeSettings();
    else await addSettings();
  });

async function addSettings(): Promise<void> {
  // So that git's first call need not download anything.
  await run(Deno.execPath(), "cache", "--quiet", "--no-lock", CLEAN, TEXT);
  for (const [name, value] of Object.entries(settings())) await git("config", "--local", name, value);
  console.log("notebooks reach git without outputs, and `git diff` shows their cells");
  console.log("undo with `deno task setup:git --remove`");
}

async function removeSettings(): Promise<void> {
  const found = (await git("config", "--local", "--name-only", "--list")).split("\n");
  const sections = [`filter.${DRIVER}`, `diff.${DRIVER}`].filter((section) =>
    found.some((name) => name.startsWith(`${section}.`))
  );
  for (const section of sections) await git("config", "--local", "--remove-section", section);
  console.log(sections.length === 0 ? "nothing to undo" : "git takes notebooks as they are");
}

const git = (...args: string[]) => run("git", ...args);

async function run(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, cwd: ROOT }).output();
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new InputError("Git cannot be set up", {
    expected: "a clone of the repository, and git on the PATH",
    found: decoder.decode(stderr).trim(),
  });
}

if (import.meta.main) {
  await runCommand(async () => void await program.parseAsync(Deno.args, { from: "user" }));
}
