import { randomUUID } from "node:crypto";
import { join } from "node:path";

/** How a kernel and its client find and trust each other. */
export interface KernelConnection {
  /** File that the kernel reads, readable by this user only. */
  path: string;
  /** Key of the messages' signatures. */
  key: string;
  shellPort: number;
  iopubPort: number;
}

const PORTS = ["shell_port", "iopub_port", "stdin_port", "control_port", "hb_port"] as const;

/** Chooses free ports of this machine and a key, and writes them for the kernel `name` into a file in `folder`. */
export async function writeConnectionFile(folder: string, name: string): Promise<KernelConnection> {
  // All are open before the first is closed, so they differ.
  const listeners = PORTS.map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const numbers = listeners.map((listener) => (listener.addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  const ports = Object.fromEntries(PORTS.map((name, i) => [name, numbers[i]!]));
  const key = randomUUID();
  const content = {
    ip: "127.0.0.1",
    transport: "tcp",
    key,
    signature_scheme: "hmac-sha256",
    kernel_name: name,
    ...ports,
  };
  const path = join(folder, "connection.json");
  await Deno.writeTextFile(path, JSON.stringify(content), { mode: 0o600 });
  return { path, key, shellPort: ports.shell_port!, iopubPort: ports.iopub_port! };
}
