import assert from "node:assert/strict";
import { join } from "node:path";
import { labEnvironment, registerKernel } from "shopflow/notebook/mod.ts";
import { withTemporaryFolder } from "../../../lib/notebook/temporary_folder.ts";
import { runNotebookCommand } from "./run_notebook_command.ts";

/** A program that looks like `jupyter`. */
async function writeProgram(path: string, script: string): Promise<string> {
  await Deno.writeTextFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return path;
}

Deno.test("without JupyterLab, `notebook lab` says how to install it", async () => {
  await withTemporaryFolder(async (home) => {
    const missing = await runNotebookCommand(home, ["lab"], { SHOPFLOW_JUPYTER: join(home, "jupyter") });
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /JupyterLab is not installed: .*pip install jupyterlab.*SHOPFLOW_JUPYTER=/);
    const classic = await writeProgram(
      join(home, "classic"),
      `echo "command 'jupyter-lab' not found" >&2; exit 1`,
    );
    const without = await runNotebookCommand(home, ["lab"], { SHOPFLOW_JUPYTER: classic });
    assert.equal(without.code, 1);
    assert.match(without.stderr, /This Jupyter has no JupyterLab.*pip install jupyterlab/);
    // Nothing was registered for a Jupyter that is not there.
    assert.deepEqual((await Array.fromAsync(Deno.readDir(home))).map(({ name }) => name), ["classic"]);
  });
});

Deno.test("`notebook lab` passes its options on, registers the kernel in the shop's folder, and ends as Jupyter does", async () => {
  await withTemporaryFolder(async (home) => {
    const jupyter = await writeProgram(
      join(home, "my_jupyter"),
      `[ "$2" = --version ] && echo 4.9.9 && exit; echo "$@"; echo "$JUPYTER_PATH"; exit 3`,
    );
    const { code, stdout, stderr } = await runNotebookCommand(
      home,
      ["lab", "--port", "9999", "--no-browser"],
      {
        SHOPFLOW_JUPYTER: jupyter,
        JUPYTER_PATH: "/elsewhere",
      },
    );
    const [options, path] = stdout.split("\n");
    assert.match(
      options!,
      /^lab --ServerApp\.root_dir=\S+ --LabApp\.default_url=\/lab\/tree\/notebooks --port 9999 --no-browser$/,
    );
    assert.equal(path, `${join(home, "jupyter")}:/elsewhere`);
    assert.match(stderr, /JupyterLab 4\.9\.9 on the lake .*ended with code 3/s);
    assert.equal(code, 1);
    const kernel = JSON.parse(
      await Deno.readTextFile(join(home, "jupyter", "kernels", "deno", "kernel.json")),
    );
    assert.deepEqual(kernel.argv.slice(1), ["jupyter", "--kernel", "--conn", "{connection_file}"]);
    assert.equal(kernel.display_name, "Deno");
  });
});

Deno.test("kernels of that Jupyter see the lake and the user's environment, but no secrets of sources and server", () => {
  const env = {
    HOME: "/home/me",
    CONDA_PREFIX: "/conda",
    PGPASSWORD: "p",
    SHOPFLOW_API_KEY: "k",
    SHOPFLOW_POSTGRES_URL: "postgres://u:p@h/d",
    SHOPFLOW_SUPPORT_API_KEY: "s",
    AWS_SECRET_ACCESS_KEY: "a",
    SHOPFLOW_CACHE_BYTES: "5",
  };
  const local = labEnvironment({ home: "/shop", lakeUrl: "/shop/lake" }, "/kernels", env);
  assert.deepEqual(local, {
    HOME: "/home/me",
    CONDA_PREFIX: "/conda",
    SHOPFLOW_CACHE_BYTES: "5",
    JUPYTER_PATH: "/kernels",
    SHOPFLOW_HOME: "/shop",
    SHOPFLOW_LAKE: "/shop/lake",
  });
  const inS3 = labEnvironment({ home: "/shop", lakeUrl: "s3://bucket" }, "/kernels", env);
  assert.equal(inS3.AWS_SECRET_ACCESS_KEY, "a");
  assert.equal(inS3.SHOPFLOW_POSTGRES_URL, undefined);
});

Deno.test("a kernel that is registered again is the one that runs now", async () => {
  await withTemporaryFolder(async (folder) => {
    await registerKernel(folder);
    await registerKernel(folder);
    const kernel = JSON.parse(await Deno.readTextFile(join(folder, "kernels", "deno", "kernel.json")));
    assert.equal(kernel.argv[0], Deno.execPath());
  });
});
