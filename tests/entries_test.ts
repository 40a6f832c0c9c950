import assert from "node:assert/strict";
import { join } from "node:path";

const root = join(import.meta.dirname!, "..");
/** `Deno.cron` is found at the top level of a module only, so this one program cannot be imported. */
const CRON_PROGRAM = "schedules/main.ts";

Deno.test("a program that is imported does not run: only its own process starts it", async () => {
  const listed = await new Deno.Command("git", {
    args: [
      "grep",
      "--untracked",
      "-lE",
      "^(await )?runCommand\\(",
      "--",
      "lib",
      "pipelines",
      "server",
      "schedules",
    ],
    cwd: root,
  }).output();
  const files = new TextDecoder().decode(listed.stdout).trim().split("\n");
  assert.deepEqual(files, [CRON_PROGRAM]);
});
