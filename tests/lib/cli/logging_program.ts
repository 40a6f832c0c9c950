/** A program with commands that log, refuse their input and crash. */
import { Command } from "commander";
import { runCommand, withLogLevel } from "shopflow/cli/mod.ts";
import { InputError } from "shopflow/errors/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";

const log = createLogger();
const program = withLogLevel(new Command("logging"));
program.command("work").action(() => {
  log.debug("a statement");
  log.info("a step");
  log.warn("a problem");
  console.log(Deno.env.get("SHOPFLOW_LOG_LEVEL"));
});
program.command("refuse").action(() => {
  throw new InputError("Invalid input", { expected: "a number" });
});
program.command("crash").action(() => {
  throw new TypeError("a defect");
});

await runCommand(async () => void await program.parseAsync(Deno.args, { from: "user" }));
