import { leftoverFolders, makeWorkingFolder, workingFolders } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";

const HOUR_MS = 60 * 60 * 1000;

Deno.test("working folders of killed processes are found when they are old, and nothing that others made", async () => {
  const home = await Deno.makeTempDir({ prefix: "shopflow_working_" });
  try {
    const parent = workingFolders(home);
    const hourAgo = new Date(Date.now() - HOUR_MS);
    assert.deepEqual(await leftoverFolders(home, hourAgo), [], "nothing was ever made");
    const [old, young] = [
      await makeWorkingFolder("pipeline", parent),
      await makeWorkingFolder("pipeline", parent),
    ];
    await Deno.mkdir(join(old, "spill"));
    await Deno.writeTextFile(join(old, "spill", "half"), "half");
    // Killed before the mark was there.
    const unmarked = join(parent, "shopflow-kernel-1");
    await Deno.mkdir(unmarked);

    const outside = join(home, "outside");
    const theirs = ["photos", "pipeline-1", "shopflow-photos", "shopflow.d"].map((name) =>
      join(parent, name)
    );
    for (const folder of [outside, ...theirs]) {
      await Deno.mkdir(folder);
      await Deno.writeTextFile(join(folder, "theirs.txt"), "theirs");
    }
    await Deno.writeTextFile(join(outside, ".shopflow_working_folder"), "");
    const link = join(parent, "shopflow-link");
    await Deno.symlink(outside, link);
    const file = join(parent, "shopflow-file");
    await Deno.writeTextFile(file, "theirs");
    const yesterday = new Date(Date.now() - 24 * HOUR_MS);
    for (const path of [old, unmarked, outside, file, ...theirs]) {
      await Deno.utime(path, yesterday, yesterday);
    }

    const found = await leftoverFolders(home, hourAgo);
    assert.deepEqual(found.map(({ path }) => path), [old, unmarked].sort());
    for (const leftover of [...found, ...found]) await leftover.remove();
    assert.deepEqual([old, unmarked, young].map((path) => existsSync(path)), [false, false, true]);
    for (const folder of [outside, link, ...theirs]) {
      assert.equal(await Deno.readTextFile(join(folder, "theirs.txt")), "theirs");
    }
    assert.equal(await Deno.readTextFile(file), "theirs");
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
