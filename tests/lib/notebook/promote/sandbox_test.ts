import { createSandbox } from "../../../../lib/notebook/promote/sandbox.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { withTemporaryFolder } from "../temporary_folder.ts";

Deno.test("a sandbox lies where garbage collection looks, shares what it may not write, and goes", async () => {
  await withTemporaryFolder(async (home) => {
    const root = join(home, "repository");
    for (const room of ["a", "b"]) await Deno.mkdir(join(root, "lib", room), { recursive: true });
    await Deno.writeTextFile(join(root, "lib/a/mine.ts"), "1");
    await Deno.writeTextFile(join(root, "lib/b/shared.ts"), "2");
    const temporaryFolder = join(home, "tmp");
    {
      await using sandbox = await createSandbox(root, {
        files: ["lib/a/mine.ts"],
        folders: [],
        temporaryFolder,
      });
      assert.deepEqual((await Array.fromAsync(Deno.readDir(temporaryFolder))).map(({ name }) => name), [
        sandbox.folder.split("/").at(-1),
      ]);
      await sandbox.write("lib/a/mine.ts", "changed");
      assert.equal(await sandbox.read("lib/a/mine.ts"), "changed");
      assert.equal(await sandbox.read("lib/b/shared.ts"), "2");
    }
    assert.equal(await Deno.readTextFile(join(root, "lib/a/mine.ts")), "1");
    assert.equal(await Deno.readTextFile(join(root, "lib/b/shared.ts")), "2");
    assert.deepEqual(await Array.fromAsync(Deno.readDir(temporaryFolder)), []);
  });
});
