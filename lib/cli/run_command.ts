import process from "node:process";
import { logLevelOf } from "shopflow/config/mod.ts";
import { setLogLevel } from "shopflow/runtime/mod.ts";
import { diskFullError, isDiskFull, maskError, maskSecrets, ShopFlowError } from "shopflow/errors/mod.ts";

/**
 * Runs a command line program: an error meant for people is printed as one message with exit code 1,
 * any other error with its stack, since it is a defect of ours. A full disk is explained wherever it was met. Nothing
 * that the program prints shows a secret of its environment or arguments.
 */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  maskOutput();
  endOnUncaught();
  try {
    setLogLevel(logLevelOf(ownLogLevel()));
    await main();
  } catch (error) {
    await fail(error);
  }
}

/** Git's filters run without the permission to read the environment. */
function ownLogLevel(): { SHOPFLOW_LOG_LEVEL?: string | undefined } {
  const { state } = Deno.permissions.querySync({ name: "env", variable: "SHOPFLOW_LOG_LEVEL" });
  return state === "granted" ? { SHOPFLOW_LOG_LEVEL: Deno.env.get("SHOPFLOW_LOG_LEVEL") } : {};
}

async function fail(thrown: unknown): Promise<never> {
  const error = isDiskFull(thrown) ? await diskFullError("finish the command", thrown) : thrown;
  if (error instanceof ShopFlowError) {
    console.error(`error: ${error.message}`);
    if (error.cause instanceof Error) {
      console.error(`  cause: ${error.cause.message}`);
    }
  } else {
    // The first line says what happened to those who see only that, as in the list of runs.
    console.error("error:", maskError(error));
  }
  Deno.exit(1);
}

/** Deno itself would print such an error as it is. */
function endOnUncaught(): void {
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    fail(event.error);
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fail(event.reason);
  });
}

/** All ways by which we and our libraries print, commander's among them, go through the mask. */
function maskOutput(): void {
  for (const method of ["debug", "error", "info", "log", "warn"] as const) {
    const print = console[method].bind(console);
    const isTerminal = ["error", "warn"].includes(method)
      ? Deno.stderr.isTerminal()
      : Deno.stdout.isTerminal();
    console[method] = (...values: unknown[]) =>
      print(...values.map((value) =>
        maskSecrets(
          typeof value === "string" ? value : Deno.inspect(value, { colors: isTerminal && !Deno.noColor }),
        )
      ));
  }
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream) as (...values: unknown[]) => boolean;
    stream.write = (chunk: unknown, ...rest: unknown[]) =>
      write(typeof chunk === "string" ? maskSecrets(chunk) : chunk, ...rest);
  }
}
