import assert from "node:assert/strict";
import { join } from "node:path";
import { replaceFiles } from "shopflow/notebook/mod.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

const ROOT = new URL("../../../..", import.meta.url).pathname;

async function withFiles(
  body: (folder: string, paths: [string, string, string]) => Promise<void>,
): Promise<void> {
  await withTemporaryFolder(async (folder) => {
    const [old, other] = [join(folder, "old.ts"), join(folder, "other.ts")];
    await Deno.writeTextFile(old, "old");
    await Deno.writeTextFile(other, "other");
    await body(folder, [old, join(folder, "deep", "new.ts"), other]);
  });
}

const names = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

Deno.test("files get their new texts, also in folders that do not exist yet", async () => {
  await withFiles(async (folder, [old, fresh, other]) => {
    await replaceFiles([
      { path: old, before: "old", after: "1" },
      { path: fresh, before: undefined, after: "2" },
      { path: other, before: "other", after: "3" },
    ]);
    assert.deepEqual(await Promise.all([old, fresh, other].map((path) => Deno.readTextFile(path))), [
      "1",
      "2",
      "3",
    ]);
    assert.deepEqual(await names(folder), ["deep", "old.ts", "other.ts"]);
  });
});

Deno.test("when one file cannot take its place, those before it get their old text back", async () => {
  await withFiles(async (folder, [old, fresh, other]) => {
    const changes = [
      { path: old, before: "old", after: "1" },
      { path: fresh, before: undefined, after: "2" },
      { path: other, before: "other", after: "3" },
    ];
    const rename: typeof Deno.rename = async (from, to) => {
      if (to === other) throw new Deno.errors.PermissionDenied("no");
      await Deno.rename(from, to);
    };
    await assert.rejects(replaceFiles(changes, rename), Deno.errors.PermissionDenied);
    assert.equal(await Deno.readTextFile(old), "old");
    assert.equal(await Deno.readTextFile(other), "other");
    assert.deepEqual(await names(join(folder, "deep")), []);
    assert.deepEqual(await names(folder), ["deep", "old.ts", "other.ts"]);
  });
});

Deno.test("a file that changed since it was read is left alone, and so are the others", async () => {
  await withFiles(async (folder, [old, , other]) => {
    const changes = [{ path: old, before: "old", after: "1" }, {
      path: other,
      before: "another",
      after: "3",
    }];
    await assert.rejects(replaceFiles(changes), /other\.ts was changed meanwhile/);
    assert.equal(await Deno.readTextFile(old), "old");
    assert.deepEqual(await names(folder), ["old.ts", "other.ts"]);
  });
});

Deno.test("a process that is killed between two files leaves intact files, a beginning of the list", async () => {
  for (const renamed of [0, 1, 2]) {
    await withFiles(async (folder, [old, fresh, other]) => {
      const module = new URL("../../../../lib/notebook/format/notebook_file.ts", import.meta.url).href;
      const changes = [
        { path: old, before: "old", after: "1" },
        { path: fresh, after: "2" },
        { path: other, before: "other", after: "3" },
      ];
      const program = join(folder, "program.ts");
      await Deno.writeTextFile(
        program,
        `import { replaceFiles } from ${JSON.stringify(module)};
        let renamed = 0;
        await replaceFiles(${JSON.stringify(changes)}, async (from, to) => {
          if (renamed++ === ${renamed}) Deno.kill(Deno.pid, "SIGKILL");
          await Deno.rename(from, to);
        });`,
      );
      const { signal } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--allow-all", "--config", join(ROOT, "deno.json"), "--no-lock", program],
        stderr: "null",
      }).output();
      assert.equal(signal, "SIGKILL");
      const texts = await Promise.all(
        [old, fresh, other].map((path) => Deno.readTextFile(path).catch(() => "none")),
      );
      assert.deepEqual(texts, [renamed > 0 ? "1" : "old", renamed > 1 ? "2" : "none", "other"]);
    });
  }
});
