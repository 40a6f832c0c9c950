import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { type KernelClient, openKernel } from "../../../../lib/notebook/kernel/client.ts";
import { findKernel } from "../../../../lib/notebook/kernel/kernelspecs.ts";
import { kernelEnvironment } from "../../../../lib/notebook/kernel/environment.ts";
import type { Output } from "../../../../lib/notebook/format/nbformat.ts";
import { gone } from "../gone.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

const TIMEOUT = 60_000;
const command = await findKernel("deno");
const root = new URL("../../../..", import.meta.url).pathname;
const env = kernelEnvironment({ home: "/nowhere", lakeUrl: "/nowhere/lake" }, {
  ...Deno.env.toObject(),
  SHOPFLOW_POSTGRES_URL: "postgres://shop:secret@db/shop",
  AWS_SECRET_ACCESS_KEY: "secret",
});

/** Opens a kernel, and checks at the end that its process is gone. */
async function withKernel(body: (kernel: KernelClient) => Promise<void>): Promise<void> {
  const kernel = await openKernel({ command, cwd: root, env });
  const { outputs } = await kernel.execute("console.log(Deno.pid)", { timeout: TIMEOUT, counted: false });
  const pid = Number(text(outputs));
  assert.ok(pid > 0);
  try {
    await body(kernel);
  } finally {
    await kernel.close();
  }
  assert.ok(await gone(pid), "the kernel is left");
}

const run = (kernel: KernelClient, code: string, timeout = TIMEOUT) => kernel.execute(code, { timeout });

function text(outputs: Output[]): string {
  return outputs.map((output) => {
    if (output.output_type === "stream") return output.text;
    return output.output_type === "error"
      ? `${output.ename}: ${output.evalue}`
      : String(output.data["text/plain"]);
  }).join("|");
}

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

Deno.test("an error has its name, message and traceback, and the kernel goes on", async () => {
  await withKernel(async (kernel) => {
    const failed = await run(kernel, `console.log("before");\nthrow new RangeError("too far")`);
    assert.equal(failed.error?.ename, "RangeError");
    assert.equal(failed.error.evalue, "too far");
    assert.match(failed.error.traceback.join("\n"), /too far/);
    assert.deepEqual(failed.outputs.map((output) => output.output_type).sort(), ["error", "stream"]);
    assert.equal(text((await run(kernel, "1 + 1")).outputs), "2");
  });
});

Deno.test("a rejected promise that nobody awaits fails its cell", async () => {
  await withKernel(async (kernel) => {
    const { error } = await run(kernel, `(async () => { await 0; throw new TypeError("lost") })(); 0`);
    assert.deepEqual([error?.ename, error?.evalue], ["TypeError", "lost"]);
    assert.match(error?.traceback[0] ?? "", /not awaited/);
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

Deno.test("a cell that never yields is ended, too", async () => {
  await withKernel(async (kernel) => {
    assert.equal((await run(kernel, "while (true);", 300)).error?.ename, "Timeout");
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

Deno.test("prompt(), confirm() and alert() fail at once, since nobody can answer", async () => {
  await withKernel(async (kernel) => {
    for (const name of ["prompt", "confirm", "alert"]) {
      const { error } = await run(kernel, `${name}("name?")`);
      assert.match(error?.evalue ?? "", new RegExp(`^${name}\\(\\) has nobody to ask.*Use a parameter`));
    }
    assert.equal(text((await run(kernel, "1")).outputs), "1");
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

Deno.test("an image comes as its bytes in base64", async () => {
  await withKernel(async (kernel) => {
    const { outputs } = await run(
      kernel,
      `Deno.jupyter.image(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10))`,
    );
    assert.deepEqual(outputs.map((output) => "data" in output && output.data), [{
      "image/png": "iVBORw0KGgo=",
    }]);
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

Deno.test("a run that is cancelled ends its cell and the kernel", async () => {
  await withKernel(async (kernel) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 500);
    const { error } = await kernel.execute("while (true);", { timeout: TIMEOUT, signal: controller.signal });
    assert.deepEqual([error?.ename, error?.evalue], ["Cancelled", "the run was cancelled (enough)"]);
    assert.equal(kernel.alive, false);
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

Deno.test("the kernel does not see the credentials of the sources", async () => {
  await withKernel(async (kernel) => {
    const { outputs } = await run(kernel, "console.log(JSON.stringify(Deno.env.toObject()))");
    const seen = JSON.parse(text(outputs));
    assert.equal(seen.SHOPFLOW_LAKE, "/nowhere/lake");
    assert.deepEqual(Object.keys(seen).filter((name) => /POSTGRES|SECRET/.test(name)), []);
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
