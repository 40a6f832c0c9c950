import { diskFullError, isDiskFull } from "./disk_full.ts";
import { ShopFlowError } from "./shopflow_error.ts";

/**
 * Runs a command line program: an error meant for people is printed as one message with exit code 1,
 * any other error with its stack, since it is a defect of ours. A full disk is explained wherever it was met.
 */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (thrown) {
    const error = isDiskFull(thrown) ? await diskFullError("finish the command", thrown) : thrown;
    if (error instanceof ShopFlowError) {
      console.error(`error: ${error.message}`);
      if (error.cause instanceof Error) {
        console.error(`  cause: ${error.cause.message}`);
      }
    } else {
      console.error(error);
    }
    Deno.exit(1);
  }
}
