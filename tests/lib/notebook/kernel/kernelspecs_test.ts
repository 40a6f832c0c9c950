import assert from "node:assert/strict";
import { join } from "node:path";
import { findKernel } from "../../../../lib/notebook/kernel/kernelspecs.ts";
import { withTemporaryFolder } from "../temporary_folder.ts";
import { writeKernelspec } from "../write_kernelspec.ts";

Deno.test("the Deno kernel is the Deno that runs the program, whatever is installed", async () => {
  const { argv } = await findKernel("deno", {});
  assert.deepEqual(argv, [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"]);
});

Deno.test("a kernel is found where Jupyter looks, what the user names first", async () => {
  await withTemporaryFolder(async (folder) => {
    await writeKernelspec(join(folder, "venv", "share", "jupyter"), "one", { argv: ["venv"] });
    await writeKernelspec(join(folder, "data", "jupyter"), "two", { argv: ["data"], env: { A: "b" } });
    await writeKernelspec(join(folder, "named"), "one", { argv: ["named"] });
    const env = { VIRTUAL_ENV: join(folder, "venv"), XDG_DATA_HOME: join(folder, "data") };
    assert.deepEqual(await findKernel("one", env), { name: "one", argv: ["venv"], env: {} });
    if (Deno.build.os === "linux") {
      assert.deepEqual(await findKernel("TWO", env), { name: "TWO", argv: ["data"], env: { A: "b" } });
    }
    await Deno.mkdir(join(folder, "venv", "bin"));
    await Deno.writeTextFile(join(folder, "venv", "bin", "venv"), "");
    assert.deepEqual((await findKernel("one", env)).argv, [join(folder, "venv", "bin", "venv")]);
    const named = { ...env, JUPYTER_PATH: `/nowhere:${join(folder, "named")}` };
    assert.deepEqual((await findKernel("one", named)).argv, ["named"]);
  });
});

Deno.test("a kernel that is missing or malformed is told with what there is", async () => {
  await withTemporaryFolder(async (folder) => {
    await writeKernelspec(folder, "bad", { argv: "python" });
    await Deno.mkdir(join(folder, "kernels", "empty"));
    const env = { JUPYTER_PATH: folder };
    await assert.rejects(
      findKernel("julia", env),
      (error: Error) =>
        /no kernel "julia": expected one of bad, deno, empty.*found "julia"/.test(error.message),
    );
    await assert.rejects(findKernel("bad", env), /does not say how it is started.*argv.*kernel\.json/);
    await assert.rejects(findKernel("empty", env), /kernel empty cannot be read: expected JSON in/);
  });
});
