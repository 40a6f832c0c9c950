import { createShadow } from "../../../../lib/notebook/promote/sandbox.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { withTemporaryFolder } from "../temporary_folder.ts";

Deno.test("a shadow lies where garbage collection looks, shares what it may not write, and goes", async () => {
  await withTemporaryFolder(async (home) => {
    const root = join(home, "repository");
    for (const room of ["a", "b"]) await Deno.mkdir(join(root, "lib", room), { recursive: true });
    await Deno.writeTextFile(join(root, "lib/a/mine.ts"), "1");
    await Deno.writeTextFile(join(root, "lib/b/shared.ts"), "2");
    const temporaryFolder = join(home, "tmp");
    {
      await using shadow = await createShadow(root, {
        files: ["lib/a/mine.ts"],
        folders: [],
        temporaryFolder,
      });
      assert.deepEqual((await Array.fromAsync(Deno.readDir(temporaryFolder))).map(({ name }) => name), [
        shadow.folder.split("/").at(-1),
      ]);
      await shadow.write("lib/a/mine.ts", "changed");
      assert.equal(await shadow.read("lib/a/mine.ts"), "changed");
      assert.equal(await shadow.read("lib/b/shared.ts"), "2");
    }
    assert.equal(await Deno.readTextFile(join(root, "lib/a/mine.ts")), "1");
    assert.equal(await Deno.readTextFile(join(root, "lib/b/shared.ts")), "2");
    assert.deepEqual(await Array.fromAsync(Deno.readDir(temporaryFolder)), []);
  });
});
