import { InputError } from "shopflow/errors/mod.ts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Python's XGBoost with one thread, in a process of its own. */
export interface PythonPeer extends AsyncDisposable {
  readonly version: string;
  /** Sends a request to python_peer.py. @returns CPU seconds that it took. */
  ask(request: Record<string, unknown>): Promise<number>;
}

/** @throws {InputError} when there is no Python with XGBoost. */
export async function startPythonPeer(python: string): Promise<PythonPeer> {
  if (python === "") {
    throw new InputError("There is no XGBoost for the Python peer", {
      expected: "SHOPFLOW_TEST_XGBOOST to name a `python` that has xgboost and numpy",
      remedy:
        "`python3 -m venv DIR && DIR/bin/pip install 'xgboost==3.2.*' numpy`, then name DIR/bin/python.",
    });
  }
  const process = spawn(python, [join(import.meta.dirname!, "python_peer.py")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  const answer = async (request: Record<string, unknown>) => {
    process.stdin.write(JSON.stringify(request) + "\n");
    const { done, value } = await lines.next();
    if (done) throw new InputError("The Python peer has ended", { remedy: "What it said stands above." });
    return JSON.parse(value) as { seconds: number; version?: string };
  };
  const { version = "" } = await answer({ command: "version" });
  return {
    version,
    ask: async (request) => (await answer(request)).seconds,
    async [Symbol.asyncDispose]() {
      const ended = once(process, "close");
      process.stdin.end();
      await ended;
    },
  };
}
