/** A TCP connection of a client that need not behave. */
export class RawConnection implements Disposable {
  readonly #connection: Deno.TcpConn;
  #received = "";

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    return new RawConnection(await Deno.connect({ hostname, port: Number(port) }));
  }

  /** Sends text, or what there is of it until the other side is gone. */
  async send(text: string): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    try {
      for (let sent = 0; sent < bytes.length;) sent += await this.#connection.write(bytes.subarray(sent));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** One answer, with its body where its length is said. */
  async answer(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf("\r\n\r\n");
      const length = end === -1 ? 0 : Number(this.#received.match(/\r\ncontent-length: *(\d+)/i)?.[1] ?? 0);
      if (end !== -1 && this.#received.length >= end + 4 + length) {
        const answer = this.#received.slice(0, end + 4 + length);
        this.#received = this.#received.slice(answer.length);
        return answer;
      }
      if (!await this.#read()) throw new Error(`closed before an answer was complete: ${this.#received}`);
    }
  }

  /** Waits for the first bytes of an answer, and takes no more. */
  async begun(): Promise<void> {
    if (this.#received === "" && !await this.#read()) throw new Error("closed before an answer began");
  }

  /** All that comes until the server closes the connection. */
  async untilClosed(): Promise<string> {
    while (await this.#read());
    return this.#received;
  }

  async #read(): Promise<boolean> {
    const buffer = new Uint8Array(64 * 1024);
    try {
      const count = await this.#connection.read(buffer);
      if (count !== null) this.#received += new TextDecoder("latin1").decode(buffer.subarray(0, count));
      return count !== null;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionAborted;
}
