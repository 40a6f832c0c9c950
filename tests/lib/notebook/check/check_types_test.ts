import assert from "node:assert/strict";
import { join } from "node:path";
import { readNotebook } from "shopflow/notebook/mod.ts";
import { checkTypes } from "../../../../lib/notebook/check/check_types.ts";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { outputOf } from "../../../fixtures/notebook_output.ts";
import { onlyRun, withLake } from "../run_context.ts";
import { writeNotebook } from "../write_notebook.ts";

Deno.test("cells that the checker refuses are not run, each says what is wrong in which line", async () => {
  await withLake(async (context, folder) => {
    const path = await writeNotebook(join(folder, "wrong.ipynb"), [
      `console.log("ran");\nconst count: number = 1;`,
      "# prose",
      `// a comment\nconst text: string = count;\ncount.length`,
      "missing",
    ]);
    const run = await runNotebook(path, context);
    assert.equal(run.record.status, "failed");
    assert.deepEqual(run.record.failure, {
      cellId: "cell-2",
      ename: "TS2322",
      evalue: "cell 2, line 2: Type 'number' is not assignable to type 'string'. (and 1 more in this cell)",
    });
    const { cells } = await onlyRun(context.store);
    const outputs = cells.flatMap((cell) => cell.cell_type === "code" ? cell.outputs : []);
    assert.deepEqual(outputs.map((output) => "ename" in output && output.ename), ["TS2322", "TS2304"]);
    assert.match(JSON.stringify(outputs[0]), /line 3: count\.length.*TS2339: Property 'length'.*/);
    assert.match(JSON.stringify(outputs[1]), /cell 3, line 1: Cannot find name 'missing'/);
  });
});

Deno.test("with the check turned off the same cells run up to the one that fails", async () => {
  await withLake(async (context, folder) => {
    const path = await writeNotebook(join(folder, "loose.ipynb"), [
      "const text: string = 1; text",
      "missing",
    ]);
    const run = await runNotebook(path, context, { check: false });
    assert.match(outputOf(run, "cell-0"), /"1"/);
    assert.equal(run.record.failure?.ename, "ReferenceError");
  });
});

Deno.test("what runs in the kernel passes: await, names declared again, results of cells, the kernel's own", async () => {
  await withLake(async (context, folder) => {
    await Deno.writeTextFile(join(folder, "own.ts"), "export const own: number = 40;");
    const path = await writeNotebook(join(folder, "fine.ipynb"), [
      `import { own } from "./own.ts";\nconst value = await Promise.resolve(own);`,
      `const add = (a: number, b: number) => a + b;\nconst value = add(own, 2);`,
      `import { own } from "./own.ts";\nconst add = "text";\n[add.length, value.toFixed(0)]`,
      `for await (const item of [Promise.resolve(1)]) item.toFixed();`,
      `await Deno.jupyter.display({ "text/plain": String(_) }, { raw: true });`,
    ]);
    const run = await runNotebook(path, context);
    assert.equal(run.record.failure, undefined);
    assert.match(outputOf(run, "cell-2"), /4, \\"42\\"/);
  });
});

Deno.test("the options and names of deno.json count", async () => {
  await withLake(async (context, folder) => {
    await Deno.mkdir(join(folder, "notebooks"));
    await Deno.writeTextFile(join(folder, "own.ts"), "export const own: number = 40;");
    const config = { compilerOptions: { noUncheckedIndexedAccess: true }, imports: { own: "./own.ts" } };
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(config));
    const path = await writeNotebook(join(folder, "notebooks", "strict.ipynb"), [
      `import { own } from "own";\nconst list = [own];\nconst first: number = list[0];`,
    ]);
    const { record } = await runNotebook(path, context);
    assert.deepEqual([record.failure?.ename, record.failure?.evalue.split(":")[0]], [
      "TS2322",
      "cell 1, line 3",
    ]);
  });
});

Deno.test("a module that does not exist is told at the import", async () => {
  await withLake(async (context, folder) => {
    const path = await writeNotebook(join(folder, "lost.ipynb"), [`1;\nimport { a } from "./no_such.ts";`]);
    const { record } = await runNotebook(path, context);
    assert.equal(record.failure?.cellId, "cell-0");
    assert.match(
      record.failure.evalue,
      /cell 1, line 2: .*(Cannot find module|Module not found).*no_such\.ts/,
    );
  });
});

Deno.test("what is wrong in a module that cells import is told, and the run recorded as failed", async () => {
  await withLake(async (context, folder) => {
    await Deno.writeTextFile(join(folder, "own.ts"), "export const own: number = 'text';");
    const path = await writeNotebook(join(folder, "other.ipynb"), [`import { own } from "./own.ts"; own`]);
    await assert.rejects(runNotebook(path, context), /types cannot be checked: found TS2322.*own\.ts:1:14/s);
    assert.equal((await onlyRun(context.store)).metadata.shopflow.status, "failed");
  });
});

Deno.test("what was checked is kept, and goes after a month without use; the lock file is not changed", async () => {
  await withLake(async (context, folder) => {
    const lock = JSON.stringify({ version: "5" });
    await Deno.writeTextFile(join(folder, "deno.json"), "{}");
    await Deno.writeTextFile(join(folder, "deno.lock"), lock);
    const cache = join(folder, "notebook_types");
    await Deno.mkdir(cache);
    const [old, young, theirs] = [`${"0".repeat(16)}.ts`, `${"1".repeat(16)}.ts`, "notes.ts"] as const;
    for (const [name, days] of [[old, 31], [young, 29], [theirs, 31]] as const) {
      await Deno.writeTextFile(join(cache, name), "");
      const then = new Date(Date.now() - days * 86_400_000);
      await Deno.utime(join(cache, name), then, then);
    }
    const path = await writeNotebook(join(folder, "cached.ipynb"), ["1"]);
    assert.equal((await runNotebook(path, context)).record.status, "succeeded");
    const names = (await Array.fromAsync(Deno.readDir(cache))).map(({ name }) => name);
    assert.equal(names.length, 3, names.join());
    assert.ok(names.includes(young) && names.includes(theirs));
    assert.equal(await Deno.readTextFile(join(folder, "deno.lock")), lock);
  });
});

Deno.test("a check whose heap is full, or that is killed, says that it needs memory and how to run without it", async () => {
  await withLake(async (context, folder) => {
    const path = await writeNotebook(join(folder, "fine.ipynb"), ["1"]);
    const notebook = await readNotebook(path);
    const options = {
      folder,
      cache: join(folder, "cache"),
      env: { ...Deno.env.toObject(), DENO_V8_FLAGS: "--max-old-space-size=8" },
    };
    const expected =
      /type check was killed before it ended: expected enough memory.*found a full heap.*--no-check/;
    await assert.rejects(checkTypes(notebook, options), expected);
    // Another program in the place of Deno, which ends as if the system had killed it.
    const killed = join(folder, "killed");
    await Deno.writeTextFile(killed, "#!/bin/sh\nkill -9 $$\n");
    await Deno.chmod(killed, 0o755);
    await assert.rejects(
      checkTypes(notebook, { ...options, program: killed }),
      /type check was killed before it ended.*found SIGKILL/,
    );
    void context;
  });
});
