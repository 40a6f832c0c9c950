import assert from "node:assert/strict";
import { join } from "node:path";

const PROGRAM = join(import.meta.dirname!, "logging_program.ts");

async function run(args: string[], env: Record<string, string> = {}) {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-env", "--allow-read", "--allow-sys", PROGRAM, ...args],
    env: { SHOPFLOW_LOG_LEVEL: "", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trimEnd();
  return { stdout: text(stdout), stderr: text(stderr), code };
}

Deno.test("--log-level may stand before and after a command, and counts for programs that are started", async () => {
  for (const args of [["--log-level", "debug", "work"], ["work", "--log-level=debug"]]) {
    const { stdout, stderr } = await run(args, { SHOPFLOW_LOG_LEVEL: "warn" });
    assert.equal(stderr, "debug: a statement\na step\nwarning: a problem");
    assert.equal(stdout, "debug");
  }
});

Deno.test("without --log-level, SHOPFLOW_LOG_LEVEL counts, or info", async () => {
  assert.equal((await run(["work"])).stderr, "a step\nwarning: a problem");
  assert.equal((await run(["work"], { SHOPFLOW_LOG_LEVEL: "error" })).stderr, "");
});

Deno.test("a level that does not exist is refused with those that do", async () => {
  const flag = await run(["work", "--log-level", "verbose"]);
  assert.match(flag.stderr, /'verbose' is invalid. Allowed choices are error, warn, info, debug/);
  const setting = await run(["work"], { SHOPFLOW_LOG_LEVEL: "verbose" });
  assert.match(
    setting.stderr,
    /Invalid SHOPFLOW_LOG_LEVEL: expected one of error, warn, info, debug, found a text/,
  );
  assert.deepEqual([flag.code, setting.code], [1, 1]);
});

Deno.test("the help of a program and of its commands tells of --log-level", async () => {
  for (const args of [["--help"], ["work", "--help"]]) assert.match((await run(args)).stdout, /--log-level/);
});

Deno.test("an error meant for people is one line, any other has its stack", async () => {
  assert.equal((await run(["refuse"])).stderr, "error: Invalid input: expected a number");
  const { stderr, code } = await run(["crash"]);
  assert.match(stderr, /^error: TypeError: a defect\n +at .*logging_program.ts/);
  assert.equal(code, 1);
});
