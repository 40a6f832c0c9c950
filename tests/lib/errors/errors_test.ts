import { errorText, knowSecrets, LakeError, ShopFlowError } from "shopflow/errors/mod.ts";
import assert from "node:assert/strict";
import { inspect } from "node:util";

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

Deno.test("a cause stays of its class and code, and shows no secret in whatever it carries", () => {
  const url = "postgres://reader:hunter-two#1@db/shop";
  class Connection {
    password = "hunter-two#1";
  }
  class DriverError extends Error {
    override readonly name = "DriverError";
  }
  knowSecrets({ url });
  for (const isFixed of [false, true]) {
    const inner = Object.assign(new DriverError(`at ${url}`), {
      code: "28P01",
      input: url,
      client: new Connection(),
    });
    if (isFixed) {
      Object.defineProperty(inner, "$response", {
        value: new Connection(),
        configurable: false,
        writable: false,
      });
    }
    const outer = new AggregateError([inner], encodeURIComponent(url));
    const { cause } = new LakeError("The lake is gone", { cause: new Error("x", { cause: outer }) });
    const [found] = ((cause as Error).cause as AggregateError).errors as (DriverError & { code: string })[];
    assert.ok(found instanceof DriverError);
    assert.equal(found.code, "28P01");
    assert.equal(found.message, "at postgres://reader:***@db/shop");
    assert.doesNotMatch(inspect(cause, { depth: 9, showHidden: true }), /hunter/);
  }
});

Deno.test("an error that is its own cause can be masked", () => {
  const error = new Error("round");
  error.cause = error;
  assert.equal(new LakeError("The lake is gone", { cause: error }).cause, error);
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
  const code = `import { runCommand } from "shopflow/cli/mod.ts";
import { LakeError } from "shopflow/errors/mod.ts";
    void LakeError; await runCommand(async () => { await null; ${body} });`;
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    env: { NO_COLOR: "1" },
  }).output();
  return { code: output.code, stderr: new TextDecoder().decode(output.stderr) };
}

Deno.test("in a log an error of ours is its message, and a defect keeps its stack", () => {
  assert.equal(errorText(new LakeError("The lake is gone")), "The lake is gone");
  assert.match(
    errorText(new TypeError("x is undefined")),
    /^TypeError: x is undefined\n\s+at .*errors_test\.ts/,
  );
  assert.equal(errorText("thrown text"), "thrown text");
});
