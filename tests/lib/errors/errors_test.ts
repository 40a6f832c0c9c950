import { LakeError, ShopFlowError } from "shopflow/errors/mod.ts";
import assert from "node:assert/strict";

Deno.test("a message says what was expected, what was found and what to do", () => {
  const error = new LakeError("The pointer is missing", {
    expected: "snapshots/current.json",
    found: "nothing",
    remedy: "Run the pipeline.",
  });
  assert.equal(
    error.message,
    "The pointer is missing: expected snapshots/current.json, found nothing. Run the pipeline.",
  );
  assert.equal(error.name, "LakeError");
  assert.ok(error instanceof ShopFlowError);
});

Deno.test("a problem alone is its own message", () => {
  assert.equal(new LakeError("The lake is gone").message, "The lake is gone");
});

Deno.test("a program ends with the message and exit code 1 on an error meant for people", async () => {
  const { code, stderr } = await runs(`throw new LakeError("The lake is gone", { remedy: "Restore it." })`);
  assert.equal(code, 1);
  assert.equal(stderr.trim(), "error: The lake is gone. Restore it.");
});

Deno.test("a program ends with the stack on a defect", async () => {
  const { code, stderr } = await runs(`throw new TypeError("x is undefined")`);
  assert.equal(code, 1);
  assert.match(stderr, /TypeError: x is undefined\n\s+at /);
});

async function runs(body: string): Promise<{ code: number; stderr: string }> {
  const code = `import { LakeError, runCommand } from "shopflow/errors/mod.ts";
    void LakeError; await runCommand(async () => { await null; ${body} });`;
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    env: { NO_COLOR: "1" },
  }).output();
  return { code: output.code, stderr: new TextDecoder().decode(output.stderr) };
}
