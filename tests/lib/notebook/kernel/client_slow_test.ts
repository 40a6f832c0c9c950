import assert from "node:assert/strict";
import process from "node:process";
import { gone } from "../gone.ts";
import { root, run, text, withKernel } from "./deno_kernel.ts";

Deno.test("of 1,000 mixed cells every output is kept, each in its cell", async () => {
  await withKernel(async (kernel) => {
    const kinds: ((i: number) => [code: string, expected: string])[] = [
      (i) => [`${i}`, `${i}`],
      (i) => [`console.log("out ${i}")`, `out ${i}\n`],
      (i) => [`console.error("bad ${i}"); ${i}`, `bad ${i}\n|${i}`],
      (i) => [`await Deno.jupyter.display({ "text/plain": "shown ${i}" }, { raw: true })`, `shown ${i}`],
    ];
    const cells = Array.from({ length: 1000 }, (_, i) => kinds[i % kinds.length]!(i));
    const found = [];
    for (const [code] of cells) found.push((await run(kernel, code)).outputs);
    await kernel.close();
    // Two channels of the kernel race, so a stream and a result of one cell may come in either order.
    const sorted = (joined: string) => joined.split("|").sort();
    assert.deepEqual(
      found.map((outputs) => sorted(text(outputs))),
      cells.map(([, expected]) => sorted(expected)),
    );
  });
});

Deno.test("a cell that takes too long is ended with its kernel, its outputs so far are kept", async () => {
  await withKernel(async (kernel) => {
    const { error, outputs } = await run(kernel, `console.log("started"); await new Promise(() => {})`, 5000);
    assert.equal(error?.ename, "Timeout");
    assert.match(text(outputs), /^started\n\|Timeout/);
    assert.equal(kernel.alive, false);
  });
});

Deno.test("a cell that is ended takes all that it started with it, those in groups of their own, too", async () => {
  await withKernel(async (kernel) => {
    const { outputs, error } = await run(
      kernel,
      `const near = new Deno.Command("sleep", { args: ["300"] }).spawn();
       const far = new Deno.Command("sh", { args: ["-c", "sleep 300 & echo $!"], detached: true, stdout: "piped" }).spawn();
       const { value } = await far.stdout.getReader().read();
       console.log(near.pid, far.pid, new TextDecoder().decode(value).trim());
       await new Promise(() => {});`,
      10_000,
    );
    assert.equal(error?.ename, "Timeout");
    const pids = text(outputs).split("\n")[0]!.split(" ").map(Number);
    assert.equal(pids.length, 3);
    for (const pid of pids) assert.ok(await gone(pid), `process ${pid} is left`);
  });
});

Deno.test("a timer that writes for ever does not keep the kernel from being closed", async () => {
  await withKernel(async (kernel) => {
    const { outputs } = await run(kernel, `setInterval(() => console.log("tick"), 5); 0`);
    await kernel.close();
    assert.match(text(outputs), /tick/);
  });
});

Deno.test("of 100 MB of output as much is kept as a cell may have, and the cell says so", async () => {
  await withKernel(async (kernel) => {
    const { outputs, error } = await run(
      kernel,
      `for (let i = 0; i < 1000; i++) console.log(String(i).padStart(99_999));`,
      120_000,
    );
    await kernel.close();
    assert.equal(error, undefined);
    assert.deepEqual(outputs.map((output) => "name" in output && output.name), ["stdout", "stderr"]);
    const first = Array.from({ length: 200 }, (_, i) => String(i).padStart(99_999) + "\n").join("");
    assert.ok(text(outputs.slice(0, 1)) === first, "the first 200 of the lines");
    assert.match(text(outputs), /left out: the cell has more than 20,000,000 characters/);
  });
});

Deno.test("a program that is told to end takes its kernel with it", async () => {
  const program = `
    import { openKernel } from "shopflow/notebook/kernel/client.ts";
    import { findKernel } from "shopflow/notebook/kernel/kernelspecs.ts";
    const kernel = await openKernel({ command: await findKernel("deno"), cwd: ".", env: Deno.env.toObject() });
    const { outputs } = await kernel.execute("console.log(Deno.pid)", { timeout: 60000 });
    console.log(outputs[0].text.trim());
    await new Promise((resolve) => setTimeout(resolve, 60000));`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", program],
    cwd: root,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const pid = Number((await reader.read()).value);
  assert.ok(pid > 0);
  process.kill(pid, 0);
  child.kill("SIGTERM");
  assert.equal((await child.status).code, 143);
  await reader.cancel();
  assert.ok(await gone(pid));
});
