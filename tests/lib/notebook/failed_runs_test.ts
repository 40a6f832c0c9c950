import assert from "node:assert/strict";
import { join } from "node:path";
import type { ExecuteOptions, RunContext } from "../../../lib/notebook/run/execute_notebook.ts";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { delay, fileExists } from "shopflow/runtime/mod.ts";
import { gone } from "./gone.ts";
import { onlyRun, withLake } from "./run_context.ts";
import { writeKernelspec } from "./write_kernelspec.ts";
import { writeNotebook } from "./write_notebook.ts";

const BAD_KERNEL = new URL("bad_kernel.ts", import.meta.url).pathname;

/** The run is recorded as failed with the error that the caller got. */
async function assertRecorded(
  path: string,
  context: RunContext,
  expected: RegExp,
  options: ExecuteOptions = {},
) {
  await assert.rejects(runNotebook(path, context, options), (error: Error) => {
    assert.match(error.message, expected);
    return true;
  });
  const { metadata } = await onlyRun(context.store);
  assert.equal(metadata.shopflow.status, "failed");
  assert.equal(metadata.shopflow.failure?.cellId, "");
  assert.match(metadata.shopflow.failure.evalue, expected);
}

const withKernelsIn = (folder: string, context: RunContext): RunContext => ({
  ...context,
  env: { ...Deno.env.toObject(), JUPYTER_PATH: folder },
});

/** A kernel that does wrong: its process, and whether our client has seen what it does. */
interface BadKernel {
  pid(): Promise<number>;
  isShown(): Promise<boolean>;
}

async function withBadKernel(
  argv: string[],
  body: (path: string, context: RunContext, kernel: BadKernel) => Promise<void>,
) {
  await withLake(async (context, folder) => {
    const pidFile = join(folder, "pid"), shownFile = join(folder, "shown");
    const shell = `echo $$ > ${pidFile}; SHOWN=${shownFile} exec "$@"`;
    await writeKernelspec(folder, "bad", { argv: ["sh", "-c", shell, "bad", ...argv] });
    const path = await writeNotebook(join(folder, "bad.ipynb"), ["1"], "bad");
    await body(path, withKernelsIn(folder, context), {
      pid: async () => Number(await Deno.readTextFile(pidFile)),
      isShown: () => fileExists(shownFile),
    });
  });
}

const badKernel = (how: string) => [
  Deno.execPath(),
  "run",
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  BAD_KERNEL,
  how,
  "{connection_file}",
];

Deno.test("what is no JSON, of another format, or has other parameters, is recorded as a failed run that says so", async () => {
  for (
    const [content, expected] of [
      ["PK\x03\x04 no JSON", /odd\.ipynb is not a notebook: expected JSON/],
      [JSON.stringify({ nbformat: 3, worksheets: [] }), /expected nbformat 4, found nbformat 3/],
      [
        JSON.stringify({
          cells: [{
            cell_type: "code",
            execution_count: null,
            id: "p",
            metadata: { tags: ["parameters"] },
            outputs: [],
            source: "const now = 1;",
          }],
          metadata: {
            kernelspec: { name: "deno", display_name: "Deno" },
            shopflow: { report: { titel: "Odd" } },
          },
          nbformat: 4,
          nbformat_minor: 5,
        }),
        /odd\.ipynb has an invalid shopflow\.report/,
      ],
    ] as const
  ) {
    await withLake(async (context, folder) => {
      const path = join(folder, "odd.ipynb");
      await Deno.writeTextFile(path, content);
      await assertRecorded(path, context, expected);
      const { cells } = await onlyRun(context.store);
      assert.match(cells[0]!.source, expected);
    });
  }
});

Deno.test("a kernel that is not installed is recorded with those that are", async () => {
  await withLake(async (context, folder) => {
    const path = await writeNotebook(join(folder, "julia.ipynb"), ["1"], "julia-9");
    await assertRecorded(path, context, /There is no kernel "julia-9": expected one of .*deno/);
  });
});

Deno.test("a kernel whose program is missing is recorded with the program", async () => {
  await withLake(async (context, folder) => {
    await writeKernelspec(folder, "bad", { argv: ["/no/such/program"] });
    const path = await writeNotebook(join(folder, "bad.ipynb"), ["1"], "bad");
    await assertRecorded(
      path,
      withKernelsIn(folder, context),
      /kernel bad cannot be started: expected the program \/no\/such\/program/,
    );
  });
});

Deno.test("a kernel that dies while it starts is recorded with its last words", async () => {
  await withBadKernel(["sh", "-c", "echo no license >&2; exit 3"], async (path, context, { pid }) => {
    await assertRecorded(
      path,
      context,
      /kernel bad ended while it started: found ended with code 3: no license/,
    );
    assert.ok(await gone(await pid()));
  });
});

for (
  const [how, expected] of [
    ["silent", /kernel bad did not start in time: expected an answer within 60 s/],
    ["http", /did not start in time.*Port \d+ does not speak ZeroMQ/],
    ["mute", /kernel bad could not be prepared: found no answer within 60 s/],
    ["garbage", /could not be prepared.*invalid ZeroMQ frame/],
  ] as const
) {
  Deno.test(`a kernel that is ${how} is ended and recorded`, async () => {
    await withBadKernel(badKernel(how), async (path, context, { pid, isShown }) => {
      // The minute is over as soon as the kernel has shown what it does.
      const startTimer = async (_: number, signal: AbortSignal) => {
        while (!signal.aborted && !await isShown()) await delay(10);
      };
      await assertRecorded(path, context, expected, { startTimeout: 60_000, startTimer });
      assert.ok(await gone(await pid()));
    });
  });
}

Deno.test("binary garbage in the middle of a run fails the cell that runs, and the kernel is ended", async () => {
  await withLake(async (context, folder) => {
    // The Deno kernel holds its own sockets open, so a cell can write past the protocol into them.
    const path = await writeNotebook(join(folder, "garbage.ipynb"), [
      "console.log(Deno.pid)",
      `for (let fd = 3; fd < 200; fd++) {
         try {
           if (!Deno.readLinkSync("/proc/self/fd/" + fd).startsWith("socket:")) continue;
           const { Socket } = await import("node:net");
           new Socket({ fd }).write(new Uint8Array(4096).fill(0xee));
         } catch { /* not a connection */ }
       }
       await new Promise((resolve) => setTimeout(resolve, 60_000));`,
      "3",
    ]);
    const { record, notebook } = await runNotebook(path, context, { check: false });
    assert.equal(record.status, "failed");
    assert.equal(record.failure?.cellId, "cell-1");
    assert.match(record.failure.ename, /KernelProtocolError|KernelDied/);
    const [first] = notebook.cells;
    const pid = Number(first?.cell_type === "code" && (first.outputs[0] as { text: string }).text);
    assert.ok(pid > 0 && await gone(pid));
  });
});

Deno.test("Deno.exit in a cell fails the run with its code, the outputs before it are kept", async () => {
  await withLake(async (context, folder) => {
    const path = await writeNotebook(join(folder, "exit.ipynb"), [`"kept"`, "Deno.exit(0)", "3"]);
    const { record } = await runNotebook(path, context, { check: false });
    assert.deepEqual([record.status, record.failure?.cellId, record.failure?.ename], [
      "failed",
      "cell-1",
      "KernelDied",
    ]);
    assert.match(record.failure?.evalue ?? "", /ended with code 0/);
    assert.match(JSON.stringify(await onlyRun(context.store)), /kept/);
  });
});

Deno.test("a promise that is rejected after the last cell fails the run", async () => {
  await withLake(async (context, folder) => {
    const path = await writeNotebook(join(folder, "late.ipynb"), [
      `setTimeout(() => Promise.reject(new RangeError("late")), 10); 1`,
    ]);
    const { record } = await runNotebook(path, context, { check: false });
    assert.deepEqual([record.status, record.failure?.ename, record.failure?.evalue], [
      "failed",
      "RangeError",
      "late",
    ]);
  });
});
