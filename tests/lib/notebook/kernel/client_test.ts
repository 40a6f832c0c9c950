import assert from "node:assert/strict";
import { join } from "node:path";
import { openKernel } from "../../../../lib/notebook/kernel/client.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";
import { command, env, run, text, TIMEOUT, withKernel } from "./deno_kernel.ts";

Deno.test("one kernel runs cell after cell", async (t) => {
  await withKernel(async (kernel) => {
    await t.step("an error has its name, message and traceback, and the kernel goes on", async () => {
      const failed = await run(kernel, `console.log("before");\nthrow new RangeError("too far")`);
      assert.equal(failed.error?.ename, "RangeError");
      assert.equal(failed.error.evalue, "too far");
      assert.match(failed.error.traceback.join("\n"), /too far/);
      assert.deepEqual(failed.outputs.map((output) => output.output_type).sort(), ["error", "stream"]);
      assert.equal(text((await run(kernel, "1 + 1")).outputs), "2");
    });
    await t.step("a rejected promise that nobody awaits fails its cell", async () => {
      const { error } = await run(kernel, `(async () => { await 0; throw new TypeError("lost") })(); 0`);
      assert.deepEqual([error?.ename, error?.evalue], ["TypeError", "lost"]);
      assert.match(error?.traceback[0] ?? "", /not awaited/);
    });
    await t.step("prompt(), confirm() and alert() fail at once, since nobody can answer", async () => {
      for (const name of ["prompt", "confirm", "alert"]) {
        const { error } = await run(kernel, `${name}("name?")`);
        assert.match(error?.evalue ?? "", new RegExp(`^${name}\\(\\) cannot ask.*Use a parameter`));
      }
      assert.equal(text((await run(kernel, "1")).outputs), "1");
    });
    await t.step("an image comes as its bytes in base64", async () => {
      const { outputs } = await run(
        kernel,
        `Deno.jupyter.image(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10))`,
      );
      assert.deepEqual(outputs.map((output) => "data" in output && output.data), [{
        "image/png": "iVBORw0KGgo=",
      }]);
    });
    await t.step("the kernel does not see the credentials of the sources", async () => {
      const { outputs } = await run(kernel, "console.log(JSON.stringify(Deno.env.toObject()))");
      const seen = JSON.parse(text(outputs));
      assert.equal(seen.SHOPFLOW_LAKE, "/nowhere/lake");
      assert.deepEqual(Object.keys(seen).filter((name) => /POSTGRES|SECRET/.test(name)), []);
    });
  });
});

Deno.test("what is displayed can be updated from a later cell, and cleared", async () => {
  await withKernel(async (kernel) => {
    const tell = (type: string, content: unknown) =>
      `await Deno.jupyter.broadcast(${JSON.stringify(type)}, ${JSON.stringify(content)});`;
    const shown = (id: string, value: string) => ({
      data: { "text/plain": value },
      metadata: {},
      transient: { display_id: id },
    });
    const first = await run(
      kernel,
      tell("display_data", shown("a", "old")) + tell("display_data", shown("b", "stays")),
    );
    await run(kernel, tell("update_display_data", shown("a", "new")));
    const cleared = await run(kernel, `console.log("gone"); ${tell("clear_output", { wait: false })} 7`);
    const replaced = await run(
      kernel,
      tell("display_data", shown("c", "10 %")) + tell("clear_output", { wait: true }) +
        tell("display_data", shown("c", "20 %")),
    );
    const kept = await run(
      kernel,
      tell("display_data", shown("d", "last")) + tell("clear_output", { wait: true }),
    );
    await kernel.close();
    assert.equal(text(first.outputs), "new|stays");
    assert.deepEqual(text(cleared.outputs).split("|").filter((part) => part === "7"), ["7"]);
    assert.equal(text(replaced.outputs), "20 %");
    assert.equal(text(kept.outputs), "last");
  });
});

Deno.test("what a native library prints past the kernel is the output of the cell that called it", async () => {
  await withKernel(async (kernel) => {
    const print = (word: string) =>
      `Deno.openSync("/proc/self/fd/1", { write: true }).writeSync(new TextEncoder().encode("${word}\\n")); 0`;
    const one = await run(kernel, print("one"));
    await run(kernel, "await new Promise((resolve) => setTimeout(resolve, 100))");
    const two = await run(kernel, print("two"));
    await kernel.close();
    const sorted = [one, two].map(({ outputs }) => text(outputs).split("|").sort());
    assert.deepEqual(sorted, [["0", "one\n"], ["0", "two\n"]]);
  });
});

Deno.test("a kernel that dies in a cell is told as the cell's error, with its exit code", async () => {
  await withKernel(async (kernel) => {
    const { error } = await run(kernel, "Deno.exit(7)");
    assert.equal(error?.ename, "KernelDied");
    assert.match(error.evalue, /code 7/);
    assert.equal((await run(kernel, "1")).error?.ename, "KernelDied");
  });
});

Deno.test("a cell that never yields is ended, too", async () => {
  await withKernel(async (kernel) => {
    assert.equal((await run(kernel, "while (true);", 300)).error?.ename, "Timeout");
  });
});

Deno.test("a run that is cancelled ends its cell and the kernel", async () => {
  await withKernel(async (kernel) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 500);
    const { error } = await kernel.execute("while (true);", { timeout: TIMEOUT, signal: controller.signal });
    assert.deepEqual([error?.ename, error?.evalue], ["Cancelled", "the run was cancelled (enough)"]);
    assert.equal(kernel.alive, false);
  });
});

Deno.test("a kernel that cannot start is told with what it said, and leaves nothing behind", async () => {
  await assert.rejects(openKernel({ command, cwd: "/nowhere", env }), /nowhere|No such|start/);
  await withTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "deno.json"), "{ not JSON");
    await assert.rejects(
      openKernel({ command, cwd: folder, env }),
      /The kernel deno ended while it started.*deno\.json/s,
    );
  });
});
