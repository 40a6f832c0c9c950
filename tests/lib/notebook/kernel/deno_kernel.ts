/** A Deno kernel for tests of its client. */
import assert from "node:assert/strict";
import { type KernelClient, openKernel } from "../../../../lib/notebook/kernel/client.ts";
import { findKernel } from "../../../../lib/notebook/kernel/kernelspecs.ts";
import { kernelEnvironment } from "../../../../lib/notebook/kernel/environment.ts";
import type { Output } from "../../../../lib/notebook/format/nbformat.ts";
import { gone } from "../gone.ts";

export const TIMEOUT = 60_000;
export const command = await findKernel("deno");
export const root = new URL("../../../..", import.meta.url).pathname;
export const env = kernelEnvironment({ home: "/nowhere", lakeUrl: "/nowhere/lake" }, {
  ...Deno.env.toObject(),
  SHOPFLOW_POSTGRES_URL: "postgres://shop:secret@db/shop",
  AWS_SECRET_ACCESS_KEY: "secret",
});

/** Opens a kernel, and checks at the end that its process is gone. */
export async function withKernel(body: (kernel: KernelClient) => Promise<void>): Promise<void> {
  const kernel = await openKernel({ command, cwd: root, env });
  const { outputs } = await kernel.execute("console.log(Deno.pid)", { timeout: TIMEOUT, counted: false });
  const pid = Number(text(outputs));
  assert.ok(pid > 0);
  try {
    await body(kernel);
  } finally {
    await kernel.close();
  }
  assert.ok(await gone(pid), "the kernel is left");
}

export const run = (kernel: KernelClient, code: string, timeout = TIMEOUT) =>
  kernel.execute(code, { timeout });

export function text(outputs: Output[]): string {
  return outputs.map((output) => {
    if (output.output_type === "stream") return output.text;
    return output.output_type === "error"
      ? `${output.ename}: ${output.evalue}`
      : String(output.data["text/plain"]);
  }).join("|");
}
