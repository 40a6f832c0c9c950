import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { type KernelClient, openKernel } from "shopflow/notebook/jupyter/kernel_client.ts";
import { findKernel } from "shopflow/notebook/jupyter/kernelspecs.ts";
import { kernelEnvironment } from "shopflow/notebook/jupyter/kernel_environment.ts";
import type { Output } from "shopflow/notebook/nbformat.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";

const TIMEOUT = 20_000;
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
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
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

Deno.test("of 200 mixed cells every output is kept, each in its cell", async () => {
  await withKernel(async (kernel) => {
    const kinds: ((i: number) => [code: string, expected: string])[] = [
      (i) => [`${i}`, `${i}`],
      (i) => [`console.log("out ${i}")`, `out ${i}\n`],
      (i) => [`console.error("bad ${i}"); ${i}`, `bad ${i}\n|${i}`],
      (i) => [`await Deno.jupyter.display({ "text/plain": "shown ${i}" }, { raw: true })`, `shown ${i}`],
    ];
    const cells = Array.from({ length: 200 }, (_, i) => kinds[i % kinds.length]!(i));
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
    const { error, outputs } = await run(kernel, `console.log("started"); await new Promise(() => {})`, 1500);
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

Deno.test("prompt() does not wait for an answer", async () => {
  await withKernel(async (kernel) => {
    const { error, outputs } = await run(kernel, `String(prompt("name?"))`, 5000);
    assert.equal(error, undefined);
    assert.match(text(outputs), /null|undefined/);
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

Deno.test("the kernel gets the credentials of S3 where the lake is there, and those only", () => {
  const seen = kernelEnvironment({ home: "/nowhere", lakeUrl: "s3://lake" }, {
    SHOPFLOW_POSTGRES_URL: "postgres://shop:secret@db/shop",
    AWS_ACCESS_KEY_ID: "key",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_ENDPOINT_URL: "http://127.0.0.1:9000",
    AWS_LAMBDA_FUNCTION_NAME: "unrelated",
  });
  assert.deepEqual(Object.keys(seen).sort(), [
    "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL",
    "AWS_SECRET_ACCESS_KEY",
    "NO_COLOR",
    "SHOPFLOW_HOME",
    "SHOPFLOW_LAKE",
  ]);
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
    import { openKernel } from "shopflow/notebook/jupyter/kernel_client.ts";
    import { findKernel } from "shopflow/notebook/jupyter/kernelspecs.ts";
    const kernel = await openKernel({ command: await findKernel("deno"), cwd: ".", env: Deno.env.toObject() });
    const { outputs } = await kernel.execute("console.log(Deno.pid)", { timeout: 20000 });
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
  // The kernel's end is reported to its new parent, not to us: look until it is gone.
  const gone = async () => {
    for (let i = 0; i < 100; i++) {
      try {
        process.kill(pid, 0);
      } catch {
        return true;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return false;
  };
  assert.ok(await gone());
});
