import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { listRuns, runNotebook, runStatus } from "shopflow/notebook/run/mod.ts";
import type { RunContext } from "../../../lib/notebook/run/execute_notebook.ts";
import { gone } from "./gone.ts";
import { onlyRun, withLake } from "./run_context.ts";
import { writeNotebook } from "./write_notebook.ts";

const root = new URL("../../..", import.meta.url).pathname;

/** A notebook that writes its kernel's process id and that of a child to `pids`, and then waits. */
async function writeEndless(folder: string): Promise<string> {
  return await writeNotebook(join(folder, "endless.ipynb"), [
    `console.log("first")`,
    `const child = new Deno.Command("sleep", { args: ["300"] }).spawn();
     console.log("waiting");
     Deno.writeTextFileSync("pids.part", Deno.pid + " " + child.pid);
     Deno.renameSync("pids.part", "pids");
     await new Promise(() => {});`,
    `console.log("never")`,
  ]);
}

async function pidsIn(folder: string): Promise<number[]> {
  for (let i = 0; i < 3000; i++) {
    try {
      return (await Deno.readTextFile(join(folder, "pids"))).split(" ").map(Number);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error("the notebook did not come to its second cell");
}

/** `notebook run` as a program of its own, which gets a signal while its second cell waits. */
async function interruptRunner(
  signal: Deno.Signal,
  body: (
    ended: { code: number; stderr: string },
    context: RunContext,
  ) => Promise<void>,
) {
  await withLake(async (context, folder) => {
    const path = await writeEndless(folder);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", "pipelines/commands/notebook.ts", "run", "--no-check", path],
      cwd: root,
      env: { SHOPFLOW_HOME: folder },
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const pids = await pidsIn(folder);
    for (const pid of pids) process.kill(pid, 0);
    await savedAgain(context);
    child.kill(signal);
    const { code, stderr } = await child.output();
    await body({ code, stderr: new TextDecoder().decode(stderr) }, context);
    for (const pid of pids) assert.ok(await gone(pid), `process ${pid} is left`);
  });
}

/** Waits until the running notebook is saved with the output of its waiting cell. */
async function savedAgain({ store }: RunContext): Promise<void> {
  for (let i = 0; i < 3000; i++) {
    if (JSON.stringify(await onlyRun(store)).includes("waiting\\n")) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("the run was not saved while it went on");
}

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`${signal} leaves a cancelled run with its outputs so far, and no process`, async () => {
    await interruptRunner(signal, async (ended, { store }) => {
      assert.equal(ended.code, code, ended.stderr);
      assert.match(ended.stderr, /1 of 3 cells, then it was cancelled/);
      const notebook = await onlyRun(store);
      assert.equal(notebook.metadata.shopflow.status, "cancelled");
      assert.deepEqual(notebook.metadata.shopflow.failure, {
        cellId: "cell-1",
        ename: "Cancelled",
        evalue: `the run was cancelled (${signal})`,
      });
      const outputs = JSON.stringify(notebook.cells);
      assert.match(outputs, /first/);
      assert.match(outputs, /waiting\\n/);
    });
  });
}

Deno.test("a run whose program is killed is seen as such with its outputs so far, and leaves no process", async () => {
  await interruptRunner("SIGKILL", async (_ended, { store }) => {
    const [record] = await listRuns(store);
    assert.equal(record!.status, "running");
    const saved = Date.parse(record!.savedAt!);
    assert.equal(runStatus(record!, new Date(saved + 20_000)), "running");
    assert.equal(runStatus(record!, new Date(saved + 61_000)), "killed");
  });
});

Deno.test("a caller's signal cancels a run, also before its first cell", async () => {
  await withLake(async (context, folder) => {
    const path = await writeEndless(folder);
    const controller = new AbortController();
    const running = runNotebook(path, context, { check: false, signal: controller.signal });
    const pids = await pidsIn(folder);
    controller.abort();
    const { record } = await running;
    assert.equal(record.status, "cancelled");
    const before = await runNotebook(path, context, { signal: AbortSignal.abort(new Error("not now")) });
    assert.deepEqual([before.record.status, before.record.failure], ["cancelled", {
      cellId: "",
      ename: "Cancelled",
      evalue: "not now",
    }]);
    assert.deepEqual(before.notebook.cells.flatMap((cell) => "outputs" in cell ? cell.outputs : []), []);
    for (const pid of pids) assert.ok(await gone(pid));
  });
});
