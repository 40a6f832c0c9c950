/**
 * `deno task setup`: in this clone, notebooks reach git without outputs, are compared and merged cell by cell, and commits
 * are refused whose files are not formatted or do not pass the linter. `.gitattributes` says which files are notebooks;
 * which programs git runs is a clone's own setting.
 */
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { InputError } from "shopflow/errors/mod.ts";
import { runCommand } from "shopflow/cli/mod.ts";
import { dirname, isAbsolute, join } from "node:path";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** The name under which `.gitattributes` asks for the programs. */
const DRIVER = "shopflow-notebook";
const CLEAN = "pipelines/commands/git/clean_filter.ts", TEXT = "pipelines/commands/git/text_of_notebook.ts";
const MERGE = "pipelines/commands/git/merge_driver.ts";
const PRE_COMMIT = "pipelines/commands/git/pre_commit.sh";
/** A line of the hook that is ours. */
const MARK = "# Written by `deno task setup` of ShopFlow; `deno task setup --remove` removes it.";

/**
 * The settings of git. Git runs the programs at the top of the working tree. They take no lock file, so that a
 * merge that stopped at a conflict in it can still be gone on with.
 */
function settings(): Record<string, string> {
  const deno = `${quotedDeno()} run --quiet --no-prompt --no-lock`;
  return {
    [`filter.${DRIVER}.clean`]: `${deno} ${CLEAN} %f`,
    // Nothing is done on checkout, but a required filter has to have both.
    [`filter.${DRIVER}.smudge`]: "cat",
    // Outputs that slip through because a program is missing would be the worst of all outcomes.
    [`filter.${DRIVER}.required`]: "true",
    [`diff.${DRIVER}.textconv`]: `${deno} --allow-read ${TEXT}`,
    [`diff.${DRIVER}.xfuncname`]: "^%% (.*)$",
    [`merge.${DRIVER}.name`]: "notebooks, cell by cell",
    [`merge.${DRIVER}.driver`]: `${deno} --allow-read --allow-write --allow-run=git --allow-env ` +
      `--allow-sys ${MERGE} %O %A %B %P`,
  };
}

const quotedDeno = () => `'${Deno.execPath().replaceAll("\\", "/").replaceAll("'", `'\\''`)}'`;

/** The hook of all working trees of the clone; in one of a commit without our check it checks nothing. */
const hook = () =>
  `#!/bin/sh
${MARK}
[ -e ${PRE_COMMIT} ] || exit 0
exec sh ${PRE_COMMIT} ${quotedDeno()}
`;

const program = new Command("deno task setup")
  .description(
    "Configure git in this clone: strip outputs from notebooks, compare and merge them cell by cell, and " +
      "refuse commits that are not formatted or do not pass the linter.",
  )
  .option("--remove", "undo it")
  .action(async ({ remove = false }: { remove?: boolean }) => {
    await git("rev-parse", "--git-dir");
    if (remove) {
      await removeSettings();
      await removeHook();
    } else {
      await addSettings();
      await addHook();
      console.log("undo with `deno task setup --remove`");
    }
  });

async function addSettings(): Promise<void> {
  // So that git's first call need not download anything.
  await run(Deno.execPath(), "cache", "--quiet", "--no-lock", CLEAN, TEXT, MERGE);
  for (const [name, value] of Object.entries(settings())) await git("config", "--local", name, value);
  console.log(
    "notebooks reach git without outputs; `git diff` shows their cells, and `git merge` merges them",
  );
}

async function removeSettings(): Promise<void> {
  const found = (await git("config", "--local", "--name-only", "--list")).split("\n");
  const sections = [`filter.${DRIVER}`, `diff.${DRIVER}`, `merge.${DRIVER}`].filter((section) =>
    found.some((name) => name.startsWith(`${section}.`))
  );
  for (const section of sections) await git("config", "--local", "--remove-section", section);
  console.log(sections.length === 0 ? "notebooks: nothing to undo" : "git takes notebooks as they are");
}

async function addHook(): Promise<void> {
  const path = await hookPath();
  const found = await readHook(path);
  if (found !== undefined && !found.includes(MARK)) {
    console.log(`${path} is a hook of another program, and is left as it is.`);
    console.log(`To check format and lint at each commit, let it run: sh ${PRE_COMMIT}`);
    return;
  }
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, hook());
  if (Deno.build.os !== "windows") await Deno.chmod(path, 0o755);
  console.log("commits are checked with `deno fmt` and `deno lint`");
}

async function removeHook(): Promise<void> {
  const path = await hookPath();
  const found = await readHook(path);
  if (found === undefined) console.log("commits: nothing to undo");
  else if (!found.includes(MARK)) console.log(`${path} is a hook of another program, and is left as it is.`);
  else {
    await Deno.remove(path);
    console.log("commits are not checked");
  }
}

/** Where git looks for the hook: beside its other files, shared by working trees, or where the clone's settings say. */
async function hookPath(): Promise<string> {
  const path = (await git("rev-parse", "--git-path", "hooks/pre-commit")).trim();
  return isAbsolute(path) ? path : join(ROOT, path);
}

async function readHook(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
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
