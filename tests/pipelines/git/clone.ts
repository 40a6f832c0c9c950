import { join } from "node:path";
import assert from "node:assert/strict";

const root = new URL("../../..", import.meta.url).pathname;

/** A clone of this repository, with the files as they are in the working tree, committed. */
export interface Clone {
  folder: string;
  /** A command of git; fails the test when it fails. */
  git(...args: string[]): Promise<string>;
  /** A command of git that may fail. */
  tryGit(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** `deno task setup:git …` there. */
  setUp(...args: string[]): Promise<string>;
}

/** Makes a clone in `folder`. Git's settings of the machine and the user have no part in it. */
export async function createClone(folder: string): Promise<Clone> {
  const env = {
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_AUTHOR_NAME: "Ada",
    GIT_AUTHOR_EMAIL: "ada@example.com",
    GIT_COMMITTER_NAME: "Ada",
    GIT_COMMITTER_EMAIL: "ada@example.com",
    NO_COLOR: "1",
  };
  const run = async (program: string, args: string[], cwd = folder) => {
    const { code, stdout, stderr } = await new Deno.Command(program, { args, cwd, env }).output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  };
  const succeed = async (program: string, args: string[], cwd = folder) => {
    const { code, stdout, stderr } = await run(program, args, cwd);
    assert.equal(code, 0, `${program} ${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const files = (await succeed("git", ["ls-files", "--cached", "--others", "--exclude-standard"], root))
    .trim().split("\n");
  await succeed("git", ["init", "--quiet", "--initial-branch=main"]);
  for (const file of files) {
    const source = join(root, file), target = join(folder, file);
    await Deno.mkdir(join(target, ".."), { recursive: true });
    await Deno.copyFile(source, target).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // removed, but still in the index
    });
  }
  await succeed("git", ["add", "--all"]);
  await succeed("git", ["commit", "--quiet", "--message", "all"]);
  return {
    folder,
    git: (...args) => succeed("git", args),
    tryGit: (...args) => run("git", args),
    setUp: (...args) => succeed(Deno.execPath(), ["task", "--quiet", "setup:git", ...args]),
  };
}
