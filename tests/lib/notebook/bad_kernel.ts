/**
 * Kernels that do wrong, for tests: `deno run bad_kernel.ts HOW CONNECTION_FILE`. HOW is `silent` (accepts
 * connections, says nothing), `garbage` (speaks ZeroMQ, then binary garbage), `http` (another protocol) or `mute`
 * (speaks ZeroMQ, answers no request). Once the client has seen it, it writes the file that `SHOWN` names.
 */
const [how = "", path = ""] = Deno.args;
const shown = () => Deno.writeTextFile(Deno.env.get("SHOWN") ?? "", "");
/** Bytes of a client's greeting and handshake at most; what is beyond them is a request. */
const HANDSHAKE = 300;
const { shell_port, iopub_port } = JSON.parse(await Deno.readTextFile(path));

const GREETING = new Uint8Array(64);
GREETING.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
GREETING.set(new TextEncoder().encode("NULL"), 12);

function ready(type: string): Uint8Array {
  const body = new TextEncoder().encode(
    `\x05READY\x0bSocket-Type\0\0\0${String.fromCharCode(type.length)}${type}`,
  );
  return Uint8Array.of(4, body.length, ...body);
}

async function untilRequest(connection: Deno.Conn): Promise<void> {
  let bytes = 0;
  for await (const chunk of connection.readable) {
    bytes += chunk.length;
    if (bytes > HANDSHAKE) await shown();
  }
}

async function serve(port: number, type: string): Promise<void> {
  let connections = 0;
  for await (const connection of Deno.listen({ hostname: "127.0.0.1", port })) {
    // A client that comes again has read what the first connection brought.
    if (how === "silent" || ++connections > 1) await shown();
    if (how === "silent") continue;
    if (how === "mute") untilRequest(connection);
    const writer = connection.writable.getWriter();
    if (how === "http") {
      await writer.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n".padEnd(80, " ")));
      continue;
    }
    await writer.write(GREETING);
    await writer.write(ready(type));
    if (how === "garbage") await writer.write(crypto.getRandomValues(new Uint8Array(4096)).fill(0xee, 0, 9));
  }
}

await Promise.all([serve(shell_port, "ROUTER"), serve(iopub_port, "PUB")]);
