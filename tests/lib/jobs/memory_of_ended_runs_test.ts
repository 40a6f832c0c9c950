import assert from "node:assert/strict";

Deno.test("a scheduler holds on to few of the runs that have ended, also when many were due", async () => {
  const program = new URL("./memory_of_ended_runs.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--v8-flags=--expose-gc", program],
  }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(code, 0, said);
  const { ran, held, open } = JSON.parse(said.match(/^RESULT (.*)$/m)![1]!);
  assert.deepEqual([ran, open], [600, 0]);
  // Those of the newest page, which is one of an hour.
  assert.ok(held <= 65, `${held} of ${ran} runs that ended are held`);
});
