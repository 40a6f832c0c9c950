import assert from "node:assert/strict";
import { NotebookError } from "shopflow/errors/mod.ts";
import { connectZmtp } from "../../../../lib/notebook/kernel/zmtp.ts";

/** Listens on a free port and answers the first connection with `bytes`. */
async function withServer(bytes: Uint8Array, body: (port: number) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    const connection = await listener.accept();
    await connection.write(bytes);
    await connection.closeWrite();
    await new Response(connection.readable).arrayBuffer();
  })();
  try {
    await body((listener.addr as Deno.NetAddr).port);
  } finally {
    listener.close();
    await serving;
  }
}

const greeting = Uint8Array.from(
  { length: 64 },
  (_, i) => i === 0 ? 0xff : i === 9 ? 0x7f : i === 10 ? 3 : 0,
);
const ready = (type: string) => {
  const property = `\x0bSocket-Type\0\0\0${String.fromCharCode(type.length)}${type}`;
  const body = `\x05READY${property}`;
  return Uint8Array.from(
    `\x04${String.fromCharCode(body.length)}${body}`,
    (character) => character.charCodeAt(0),
  );
};
const joined = (...parts: number[][]) => Uint8Array.from(parts.flat());

Deno.test("another protocol on the port is refused", async () => {
  const html = new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n".repeat(4));
  await withServer(html, (port) => assert.rejects(connectZmtp(port, "DEALER"), /does not speak ZeroMQ/));
});

Deno.test("a socket of a type that does not answer ours is refused", async () => {
  const answer = joined([...greeting], [...ready("DEALER")]);
  await withServer(answer, (port) => assert.rejects(connectZmtp(port, "DEALER"), NotebookError));
});

Deno.test("messages of several frames, long frames and commands between them are read", async () => {
  const long = new Array(300).fill(7);
  const answer = joined(
    [...greeting],
    [...ready("PUB")],
    [0x01, 1, 65],
    [0x02, 0, 0, 0, 0, 0, 0, 1, 44, ...long],
    [0x04, 1, 0],
    [0x00, 0],
  );
  await withServer(answer, async (port) => {
    const socket = await connectZmtp(port, "SUB");
    try {
      const messages = await Array.fromAsync(socket.messages());
      assert.deepEqual(messages.map((frames) => frames.map((frame) => frame.length)), [[1, 300], [0]]);
    } finally {
      socket.close();
    }
  });
});

Deno.test("binary garbage after the handshake is an error, not an endless wait", async () => {
  const answer = joined([...greeting], [...ready("PUB")], [0xaa, 0xbb, 0xcc]);
  await withServer(answer, async (port) => {
    const socket = await connectZmtp(port, "SUB");
    try {
      await assert.rejects(Array.fromAsync(socket.messages()), /invalid ZeroMQ frame/);
    } finally {
      socket.close();
    }
  });
});
