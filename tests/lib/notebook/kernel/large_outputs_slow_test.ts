import assert from "node:assert/strict";
import { openKernel } from "../../../../lib/notebook/kernel/client.ts";
import { findKernel } from "../../../../lib/notebook/kernel/kernelspecs.ts";
import type { Output } from "../../../../lib/notebook/format/nbformat.ts";
import { LARGE } from "../../../../lib/notebook/kernel/messages.ts";
import { join } from "node:path";
import { withTemporaryFolder } from "../temporary_folder.ts";

const TIMEOUT = 60_000;
const MEGABYTE = 1_000_000;
/** More than the socket's buffers hold, so that the kernel has to wait for us in the middle of it. */
const SIZE = 6 * MEGABYTE;

const sizes = (outputs: Output[]) =>
  outputs.map((output) => "data" in output ? JSON.stringify(output.data["text/plain"]).length - 2 : output);

/** Keeps this thread from reading what the kernel sends, as other work does now and then. */
function readNothing(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
}

Deno.test("large outputs arrive whole and in order, though they are read in fits and starts", async () => {
  await withTemporaryFolder(async (temporaryFolder) => {
    const kernel = await openKernel({
      command: await findKernel("deno"),
      cwd: temporaryFolder,
      env: Deno.env.toObject(),
      temporaryFolder,
    });
    const run = async (code: string) => {
      const busy = setInterval(readNothing, 1);
      try {
        return await kernel.execute(code, { timeout: TIMEOUT });
      } finally {
        clearInterval(busy);
      }
    };
    const text = `"x".repeat(${SIZE})`;
    const bundle = `{ "text/plain": ${text} }`;

    const broadcast = await run(`for (let i = 0; i < 2; i++) {
      await Deno.jupyter.broadcast("display_data", { data: ${bundle}, metadata: {}, transient: { display_id: "a" } });
    }
    7`);
    assert.equal(broadcast.error, undefined);
    assert.deepEqual(sizes(broadcast.outputs), [SIZE, SIZE, 1]);
    const updated = await run(`await Deno.jupyter.broadcast("update_display_data", {
      data: { "text/plain": "y".repeat(${MEGABYTE}) }, metadata: {}, transient: { display_id: "a" },
    })`);
    assert.deepEqual(updated.outputs, []);
    assert.deepEqual(sizes(broadcast.outputs), [MEGABYTE, MEGABYTE, 1]);

    const displayed = await run(`await Deno.jupyter.display(${bundle}, { raw: true });
    await Deno.jupyter.display({ [Deno.jupyter.$display]: () => (${bundle}) });
    ({ [Deno.jupyter.$display]: () => (${bundle}) })`);
    assert.equal(displayed.error, undefined);
    assert.deepEqual(sizes(displayed.outputs), [SIZE, SIZE, SIZE]);
    assert.equal(displayed.outputs.at(-1)?.output_type, "execute_result");

    const printed = await run(
      `console.log("x" + "🙂".repeat(${SIZE / 2})); console.error("!".repeat(${SIZE}))`,
    );
    assert.equal(printed.error, undefined);
    const streams = Object.fromEntries(
      printed.outputs.map((output) => "text" in output ? [output.name, output.text] : []),
    );
    assert.ok(streams.stdout === "x" + "🙂".repeat(SIZE / 2) + "\n");
    assert.ok(streams.stderr === "!".repeat(SIZE) + "\n");

    const lines = Array.from({ length: 30_000 }, (_, i) => `line ${i} ${"-".repeat(480)}\n`).join("");
    const streamed = await run(`await Deno.jupyter.broadcast("stream", { name: "stdout", text: Array.from(
      { length: 30_000 }, (_, i) => "line " + i + " " + "-".repeat(480) + "\\n").join("") })`);
    assert.equal(streamed.error, undefined);
    const [stream] = streamed.outputs;
    assert.ok(streamed.outputs.length === 1 && "text" in stream! && stream.text === lines);

    const rejected = await run(`void Promise.reject(new RangeError("z".repeat(${SIZE})))`);
    assert.equal(rejected.error?.ename, "RangeError");
    assert.match(rejected.error.evalue, /^z+ … \(6,000,000 characters in all\)$/);

    const own = join(temporaryFolder, "own.json");
    await Deno.writeTextFile(own, "{}");
    const pointed = await run(
      `await Deno.jupyter.display({ "${LARGE}": ${JSON.stringify(own)} }, { raw: true })`,
    );
    assert.deepEqual(pointed.outputs.map((output) => "data" in output && output.data), [{ [LARGE]: own }]);
    await Deno.remove(own);

    const failed = await run(
      `({ [Deno.jupyter.$display]: () => { throw new RangeError("not to be shown"); } })`,
    );
    assert.match(JSON.stringify(failed.outputs), /not to be shown/);
    assert.deepEqual((await run("undefined")).outputs, []);
    await kernel.close();
    assert.deepEqual(await Array.fromAsync(Deno.readDir(temporaryFolder)), []);
  });
});
