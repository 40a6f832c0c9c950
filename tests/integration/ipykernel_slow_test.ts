import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { type NotebookRun, rerunNotebook, runNotebook } from "shopflow/notebook/run/mod.ts";
import type { RunContext } from "../../lib/notebook/run/execute_notebook.ts";
import type { Output } from "../../lib/notebook/format/nbformat.ts";
import { gone } from "../lib/notebook/gone.ts";
import { withLake } from "../lib/notebook/run_context.ts";
import { writeNotebook } from "../lib/notebook/write_notebook.ts";
import { TEST_JUPYTER, testWith } from "../requirements.ts";

/** Runs Python cells in the ipykernel of the Jupyter that the tests use. */
async function runPython(
  sources: string[],
  body: (run: NotebookRun, context: RunContext) => Promise<void> | void,
): Promise<void> {
  await withLake(async (context, folder) => {
    const JUPYTER_PATH = join(dirname(dirname(TEST_JUPYTER)), "share", "jupyter");
    const python = { ...context, env: { ...Deno.env.toObject(), JUPYTER_PATH } };
    const path = await writeNotebook(join(folder, "python.ipynb"), sources, "python3");
    await body(await runNotebook(path, python), python);
  });
}

const outputsOf = ({ notebook }: NotebookRun): Output[][] =>
  notebook.cells.map((cell) => cell.cell_type === "code" ? cell.outputs : []);

function text(outputs: Output[]): string {
  return outputs.map((output) => {
    if (output.output_type === "stream") return `${output.name} ${output.text}`;
    return output.output_type === "error"
      ? `${output.ename}: ${output.evalue}`
      : `${output.output_type} ${output.data["text/plain"]}`;
  }).join("|");
}

testWith(["jupyter"], "every kind of message of ipykernel is understood", async () => {
  const sources = [
    `import sys\nprint("out")\nprint("bad", file=sys.stderr)\n1 + 1`,
    `from IPython.display import display, Image, clear_output\nshown = display("old", display_id="a")`,
    `shown.update("new")`,
    `display(Image(data=b"\\x89PNG\\r\\n\\x1a\\n", format="png"))`,
    `print("gone"); clear_output(); print("kept")`,
    `print("10 %"); clear_output(wait=True); print("20 %")`,
    `import subprocess\nimport time; _ = subprocess.run(["echo", "from a program"]); time.sleep(3)`,
    `import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.01), print("late"))).start()`,
  ];
  await runPython(sources, (run) => {
    assert.deepEqual([run.record.status, run.record.kernel?.implementation], ["succeeded", "ipython"]);
    const shown = outputsOf(run).map(text);
    assert.deepEqual(shown[0]!.split("|").sort(), ["execute_result 2", "stderr bad\n", "stdout out\n"]);
    assert.equal(shown[1], "display_data 'new'");
    assert.equal(shown[2], "");
    assert.deepEqual(Object.keys((outputsOf(run)[3]![0] as { data: object }).data).sort(), [
      "image/png",
      "text/plain",
    ]);
    assert.deepEqual(shown.slice(4), [
      "stdout kept\n",
      "stdout 20 %\n",
      "stdout from a program\n",
      "stdout late\n",
    ]);
  });
});

testWith(
  ["jupyter"],
  "an error of Python has its traceback and ends the run, input() fails at once",
  async () => {
    await runPython([`1`, `input("name?")`, `3`], async (run, context) => {
      assert.equal(run.record.status, "failed");
      assert.deepEqual([run.record.failure?.cellId, run.record.failure?.ename], [
        "cell-1",
        "StdinNotImplementedError",
      ]);
      const [error] = outputsOf(run)[1]!;
      assert.ok(error?.output_type === "error");
      // deno-lint-ignore no-control-regex -- terminal colours
      assert.match(error.traceback.join("\n").replaceAll(/\x1b\[[\d;]*m/g, ""), /input\("name\?"\)/);
      assert.deepEqual(outputsOf(run)[2], []);
      const again = await rerunNotebook(run.record.runId, context);
      assert.deepEqual(again.differences, []);
    });
  },
);

testWith(["jupyter"], "of 300 cells in ipykernel every output is kept, each in its cell", async () => {
  const kinds: ((i: number) => [code: string, expected: string])[] = [
    (i) => [`${i}`, `execute_result ${i}`],
    (i) => [`print("out ${i}")`, `stdout out ${i}\n`],
    (i) => [`print("line ${i}"); ${i}`, `stdout line ${i}\n|execute_result ${i}`],
  ];
  const cells = Array.from({ length: 300 }, (_, i) => kinds[i % kinds.length]!(i));
  await runPython(cells.map(([code]) => code), (run) => {
    assert.deepEqual(outputsOf(run).map(text), cells.map(([, expected]) => expected));
  });
});

testWith(["jupyter"], "a Python kernel that dies is told, and leaves no process", async () => {
  let child = 0;
  const startChild = `import os, subprocess\nprint(subprocess.Popen(["sleep", "600"]).pid)`;
  await runPython([startChild, `os._exit(5)`], (run) => {
    assert.equal(run.record.failure?.ename, "KernelDied");
    assert.match(run.record.failure.evalue, /ended with code 5/);
    child = Number(text(outputsOf(run)[0]!).replace(/\D/g, ""));
  });
  assert.ok(child > 0);
  assert.ok(await gone(child), "what a cell started is left");
});

testWith(
  ["jupyter"],
  "what our runner writes is valid to Jupyter's own nbformat, failed runs too",
  async () => {
    const validate = `import sys, nbformat
for path in sys.argv[1:]:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    nbformat.validate(notebook)`;
    await withLake(async ({ store, ...context }, folder) => {
      const fine = await writeNotebook(join(folder, "fine.ipynb"), ["# prose", `console.log(1); 2`, ""]);
      const wrong = await writeNotebook(join(folder, "wrong.ipynb"), [`const text: string = 1;`]);
      const broken = await writeNotebook(join(folder, "broken.ipynb"), [`1`, `throw new Error("no")`]);
      const paths: string[] = [];
      for (const path of [fine, wrong, broken]) {
        const { key } = await runNotebook(path, { store, ...context });
        paths.push(await store.localPath(key));
      }
      const { success, stderr } = await new Deno.Command(join(dirname(TEST_JUPYTER), "python"), {
        args: ["-c", validate, ...paths],
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
    });
  },
);
