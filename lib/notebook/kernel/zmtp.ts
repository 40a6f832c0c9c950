/**
 * ZMTP 3.0, the wire protocol of ZeroMQ (https://rfc.zeromq.org/spec/23/): the part a Jupyter client
 * needs, which is a connecting DEALER or SUB with the NULL mechanism. npm's binding loses wake-ups under
 * Deno, hence our own.
 */
import { NotebookError } from "shopflow/errors/mod.ts";

export type SocketType = "DEALER" | "SUB";

/** A connected ZeroMQ socket; a message is a list of frames. */
export interface ZmtpSocket {
  send(frames: Uint8Array[]): Promise<void>;
  /** The messages as they arrive; ends when either side closes. */
  messages(): AsyncGenerator<Uint8Array[]>;
  close(): void;
}

/** Bits of a frame's flag byte. */
const MORE = 1, LONG = 2, COMMAND = 4;
/** Our greeting and the other side's are this long. */
const GREETING_BYTES = 64;
/** Larger frames are taken for garbage: a notebook's outputs are far below. */
const MAX_FRAME_BYTES = 1 << 30;
/** Which socket type may answer ours. */
const PEERS: Record<SocketType, string> = { DEALER: "ROUTER", SUB: "PUB" };

/**
 * Connects to a listening ZeroMQ socket of this machine, unless `stop` comes before; a SUB subscribes to everything.
 *
 * @throws {NotebookError} when what listens there does not speak ZMTP 3 or is another type of socket.
 */
export async function connectZmtp(port: number, type: SocketType, stop?: AbortSignal): Promise<ZmtpSocket> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  // The other side may accept and never answer.
  const giveUp = () => closeQuietly(connection);
  stop?.addEventListener("abort", giveUp);
  try {
    connection.setNoDelay(true);
    const reader = new FrameReader(connection.readable.getReader());
    const write = serialWriter(connection);
    await write(greeting());
    checkGreeting(await reader.bytes(GREETING_BYTES), port);
    await write(frame(readyCommand(type), COMMAND));
    const ready = await reader.frame();
    checkReady(ready, type, port);
    if (type === "SUB") await write(frame(Uint8Array.of(1), 0));
    return {
      send: (frames) => write(concat(frames.map((body, i) => frame(body, i < frames.length - 1 ? MORE : 0)))),
      messages: () => readMessages(reader),
      close: () => closeQuietly(connection),
    };
  } catch (error) {
    closeQuietly(connection);
    throw error;
  } finally {
    stop?.removeEventListener("abort", giveUp);
  }
}

async function* readMessages(reader: FrameReader): AsyncGenerator<Uint8Array[]> {
  let parts: Uint8Array[] = [];
  while (true) {
    const next = await reader.frame();
    if (next === undefined) return;
    if (next.flags & COMMAND) continue;
    parts.push(next.body);
    if (next.flags & MORE) continue;
    yield parts;
    parts = [];
  }
}

/** Reads exact numbers of bytes from a stream of chunks. */
class FrameReader {
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  #chunks: Uint8Array[] = [];
  #available = 0;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  /** Undefined when the connection ended. */
  async frame(): Promise<{ flags: number; body: Uint8Array } | undefined> {
    const head = await this.bytes(1);
    if (head === undefined) return undefined;
    const [flags = 0] = head;
    if (flags > (MORE | LONG | COMMAND)) throw garbage(`flags ${flags}`);
    const sized = await this.bytes(flags & LONG ? 8 : 1);
    if (sized === undefined) return undefined;
    const size = flags & LONG
      ? Number(new DataView(sized.buffer, sized.byteOffset).getBigUint64(0))
      : sized[0] ?? 0;
    if (size > MAX_FRAME_BYTES) throw garbage(`${size} bytes`);
    const body = await this.bytes(size);
    return body && { flags, body };
  }

  /** Undefined when the connection ended before. */
  async bytes(size: number): Promise<Uint8Array | undefined> {
    while (this.#available < size) {
      const chunk = await this.#nextChunk();
      if (chunk === undefined) return undefined;
      this.#chunks.push(chunk);
      this.#available += chunk.length;
    }
    // Joined once per request, so that a large frame is not copied for each of its chunks.
    const [first, ...others] = this.#chunks;
    const all = first && others.length === 0 ? first : concat(this.#chunks);
    this.#chunks = all.length > size ? [all.subarray(size)] : [];
    this.#available -= size;
    return all.subarray(0, size);
  }

  async #nextChunk(): Promise<Uint8Array | undefined> {
    try {
      return (await this.#reader.read()).value;
    } catch (error) {
      if (isClosed(error)) return undefined;
      throw error;
    }
  }
}

const garbage = (found: string) =>
  new NotebookError("The kernel's socket sent an invalid ZeroMQ frame", {
    expected: `known flags and at most ${MAX_FRAME_BYTES} bytes`,
    found,
  });

/** Writes one after the other: two requests must not mix their bytes. */
function serialWriter(connection: Deno.TcpConn): (bytes: Uint8Array) => Promise<void> {
  const writer = connection.writable.getWriter();
  return (bytes) => writer.write(bytes);
}

function greeting(): Uint8Array {
  const bytes = new Uint8Array(GREETING_BYTES);
  bytes.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0]);
  bytes.set(new TextEncoder().encode("NULL"), 12);
  return bytes;
}

function checkGreeting(bytes: Uint8Array | undefined, port: number): void {
  if (bytes?.[0] === 0xff && bytes[9] === 0x7f && (bytes[10] ?? 0) >= 3) return;
  throw new NotebookError(`Port ${port} does not speak ZeroMQ`, {
    expected: "the greeting of ZMTP 3",
    found: bytes === undefined ? "a closed connection" : "other bytes",
  });
}

function readyCommand(type: SocketType): Uint8Array {
  const property = (name: string, value: string) => {
    const text = new TextEncoder();
    return concat([
      Uint8Array.of(name.length),
      text.encode(name),
      Uint8Array.of(0, 0, 0, value.length),
      text.encode(value),
    ]);
  };
  return concat([
    Uint8Array.of(5),
    new TextEncoder().encode("READY"),
    property("Socket-Type", type),
    property("Identity", ""),
  ]);
}

/** A port that nobody listens on yet can connect to itself; then the peer's type is our own. */
function checkReady(
  ready: { flags: number; body: Uint8Array } | undefined,
  type: SocketType,
  port: number,
): void {
  const text = new TextDecoder("latin1").decode(ready?.body ?? new Uint8Array());
  if (ready && ready.flags & COMMAND && text.startsWith("\x05READY") && text.includes(PEERS[type])) return;
  throw new NotebookError(`Port ${port} is not a socket for a ${type}`, {
    expected: `READY of a ${PEERS[type]}`,
    found: ready === undefined ? "a closed connection" : JSON.stringify(text.slice(0, 60)),
  });
}

function frame(body: Uint8Array, flags: number): Uint8Array {
  if (body.length <= 255) return concat([Uint8Array.of(flags, body.length), body]);
  const head = new Uint8Array(9);
  head[0] = flags | LONG;
  new DataView(head.buffer).setBigUint64(1, BigInt(body.length));
  return concat([head, body]);
}

function concat(parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

const isClosed = (error: unknown) =>
  error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted ||
  error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe;

function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
