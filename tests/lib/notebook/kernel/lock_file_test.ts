import assert from "node:assert/strict";
import { join } from "node:path";
import { openKernel } from "../../../../lib/notebook/kernel/client.ts";
import { guardLockFile } from "../../../../lib/notebook/kernel/lock_file.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";
import { command, env, run, text } from "./deno_kernel.ts";

/** A repository with a lock file of its dependency, and a folder for notebooks. */
async function withRepository(body: (notebooks: string, lock: string) => Promise<void>): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "deno.json"), '{"imports": {"limit": "npm:p-limit@7.3.3"}}');
    await Deno.writeTextFile(join(folder, "main.ts"), 'import "limit";');
    await new Deno.Command(Deno.execPath(), { args: ["cache", "main.ts"], cwd: folder, stderr: "null" })
      .output();
    const notebooks = join(folder, "notebooks");
    await Deno.mkdir(notebooks);
    await body(notebooks, join(folder, "deno.lock"));
  });
}

Deno.test("an npm import of a cell works, and leaves the lock file as it was", () =>
  withRepository(async (cwd, lock) => {
    const before = await Deno.readTextFile(lock);
    const kernels = [await openKernel({ command, cwd, env }), await openKernel({ command, cwd, env })];
    for (const kernel of kernels) {
      const { outputs } = await run(kernel, `import bytes from "npm:pretty-bytes@7.2.0"; bytes(1337)`);
      assert.match(text(outputs), /1\.34 kB/);
    }
    assert.notEqual(await Deno.readTextFile(lock), before, "Deno has written it meanwhile");
    for (const kernel of kernels) await kernel.close();
    assert.equal(await Deno.readTextFile(lock), before);
  }));

Deno.test("a dependency that somebody adds while notebooks run stays", () =>
  withRepository(async (notebooks, lock) => {
    await using guard = await guardLockFile(notebooks);
    const before = await Deno.readTextFile(lock);
    const added = JSON.parse(before);
    added.workspace.dependencies.push("npm:pretty-bytes@7.2.0");
    await Deno.writeTextFile(lock, JSON.stringify(added));
    await guard.restore();
    assert.equal(await Deno.readTextFile(lock), JSON.stringify(added));
    await Deno.writeTextFile(lock, JSON.stringify({ ...added, npm: { "of-a-notebook@1.0.0": {} } }));
    await guard.restore();
    assert.equal(await Deno.readTextFile(lock), JSON.stringify(added));
  }));
