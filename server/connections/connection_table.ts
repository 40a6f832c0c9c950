import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { ConnectionReport, CutReason } from "./connection_report.ts";

/** How long clients may take, in milliseconds. */
export interface Deadlines {
  /** From a connection's beginning, or a later request's first byte, to the end of the headers. */
  headersMs: number;
  /** From the end of the headers to the end of the body. */
  bodyMs: number;
  /** From the end of an answer to the next request. */
  idleMs: number;
  /** From the beginning of an answer until the client has taken it. */
  answerMs: number;
  /** From a stop until answers under way are cut. */
  shutdownMs: number;
  /** How often these are checked. */
  checkMs: number;
}

export const DEADLINES: Deadlines = {
  headersMs: 10_000,
  bodyMs: 30_000,
  // Longer than the 60 s that proxies keep a connection for: the side that sends must be the one that closes it.
  idleMs: 75_000,
  answerMs: 120_000,
  shutdownMs: 10_000,
  checkMs: 1000,
};

/** A body that the answer did not wait for may go on for so long, in milliseconds, so that the answer is read. */
const LINGER = 1000;

/** Requests that a client may send without waiting for answers; each takes memory. */
const MOST_AHEAD = 100;

interface Exchange {
  /** Begins to work on the answer. */
  work(): void;
  request: IncomingMessage;
  response: ServerResponse;
  began: number;
  /** When a check first saw that the answer had begun. */
  answering?: number;
}

interface Connection {
  socket: Socket;
  /** Without an end yet; more than one where a client does not wait for answers. */
  exchanges: Set<Exchange>;
  /** Since when it waits for a request. */
  waitingSince: number;
  /** Bytes that had arrived then. */
  readBefore: number;
  /** When a check first saw bytes of the next request. */
  headersSince?: number | undefined;
  /** Request whose body goes on after its answer. */
  unread?: IncomingMessage | undefined;
}

interface TableOptions {
  /** Most connections at a time. */
  most: number;
  deadlines: Deadlines;
  report: ConnectionReport;
  /** Monotonic, in milliseconds. */
  clock?: (() => number) | undefined;
}

/**
 * The open connections of a server and what each of them is at, so that none outlives its deadlines and the ones that
 * only wait give way to new ones.
 */
export class ConnectionTable {
  readonly #connections = new Map<Socket, Connection>();
  // The oldest first. Strangers have not sent a request yet, guests have.
  readonly #strangers = new Set<Connection>();
  readonly #guests = new Set<Connection>();
  readonly #most: number;
  readonly #deadlines: Deadlines;
  readonly #report: ConnectionReport;
  readonly #clock: () => number;
  #stopping: (() => void) | undefined;

  constructor({ most, deadlines, report, clock = () => performance.now() }: TableOptions) {
    this.#most = most;
    this.#deadlines = deadlines;
    this.#report = report;
    this.#clock = clock;
  }

  /** Takes a connection in; when the table is full, one that waits or dawdles gives way; where none can, it is refused. */
  add(socket: Socket): void {
    // It was in the queue of the port when that was closed.
    if (this.#stopping !== undefined) return void socket.destroy();
    if (this.#connections.size >= this.#most && !this.#makeRoom()) {
      this.#report.cut("refused");
      this.#report.warn();
      return void socket.destroy();
    }
    const connection: Connection = {
      socket,
      exchanges: new Set(),
      waitingSince: this.#clock(),
      readBefore: 0,
    };
    this.#connections.set(socket, connection);
    this.#strangers.add(connection);
    this.#report.opened();
    // Resets by the other side are no news; `close` follows.
    socket.on("error", () => {});
    socket.once("close", () => this.#remove(connection));
  }

  /**
   * Enters a request whose headers have arrived. `work` on its answer begins when those before it on the same
   * connection have theirs: node:http would let a client start any number at a time.
   */
  begin(request: IncomingMessage, response: ServerResponse, work: () => void): void {
    const connection = this.#connections.get(request.socket);
    // Already cut, with requests of the same packet left.
    if (connection === undefined) return;
    const { exchanges } = connection;
    if (exchanges.size >= MOST_AHEAD) return this.#cut(connection, "ahead");
    this.#strangers.delete(connection);
    this.#guests.delete(connection);
    connection.headersSince = undefined;
    const exchange = { request, response, began: this.#clock(), work };
    exchanges.add(exchange);
    if (this.#stopping !== undefined) response.shouldKeepAlive = false;
    response.once("close", () => this.#end(connection, exchange));
    if (exchanges.size === 1) work();
  }

  /** Answers what is not HTTP, unless an answer is under way, and ends the connection. */
  refuseMalformed(socket: Socket, code: string | undefined): void {
    const connection = this.#connections.get(socket);
    // Nothing is malformed where the other side has gone.
    if (connection === undefined || !socket.writable || code === "ECONNRESET") return void socket.destroy();
    this.#cut(connection, "malformed", code === "HPE_HEADER_OVERFLOW" ? 431 : 400);
  }

  /** Ends the connections that are over their deadlines. */
  check(): void {
    for (const connection of [...this.#connections.values()]) {
      if (connection.exchanges.size === 0) this.#checkWaiting(connection);
      else this.#checkExchanges(connection);
    }
    this.#report.warn();
  }

  /** Ends all connections that wait for a request. */
  closeWaiting(reason?: CutReason): void {
    for (const connection of [...this.#strangers, ...this.#guests]) this.#cut(connection, reason);
  }

  /**
   * Ends what waits and lets answers under way finish, until the shutdown deadline.
   *
   * @returns How many were cut.
   */
  async stop(): Promise<number> {
    const empty = new Promise<void>((resolve) => this.#stopping = resolve);
    this.closeWaiting();
    for (const { exchanges } of this.#connections.values()) {
      for (const { response } of exchanges) response.shouldKeepAlive = false;
    }
    if (this.#connections.size > 0) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const over = new Promise<void>((resolve) => timer = setTimeout(resolve, this.#deadlines.shutdownMs));
      await Promise.race([empty, over]);
      clearTimeout(timer);
    }
    const left = [...this.#connections.values()];
    for (const connection of left) this.#cut(connection, "shutdown");
    return left.length;
  }

  #checkWaiting(connection: Connection): void {
    const { socket, waitingSince, readBefore, unread } = connection;
    const { headersMs, idleMs } = this.#deadlines;
    const now = this.#clock();
    const isStranger = this.#strangers.has(connection);
    if (unread !== undefined && !unread.complete) {
      if (now - waitingSince > LINGER) this.#cut(connection, "body_deadline");
    } else if (socket.bytesRead > readBefore) {
      connection.headersSince ??= isStranger ? waitingSince : now;
      if (now - connection.headersSince > headersMs) this.#cut(connection, "header_deadline", 408);
    } else if (now - waitingSince > (isStranger ? headersMs : idleMs)) {
      // Browsers open connections that they may never use: closing them is no news.
      this.#cut(connection);
    }
  }

  #checkExchanges(connection: Connection): void {
    const { bodyMs, answerMs } = this.#deadlines;
    const now = this.#clock();
    for (const exchange of connection.exchanges) {
      if (!exchange.request.complete && now - exchange.began > bodyMs) {
        return this.#cut(connection, "body_deadline", 408);
      }
      if (!exchange.response.headersSent) continue;
      exchange.answering ??= now;
      if (now - exchange.answering > answerMs) return this.#cut(connection, "answer_deadline");
    }
  }

  #end(connection: Connection, exchange: Exchange): void {
    const { socket, exchanges } = connection;
    exchanges.delete(exchange);
    if (!this.#connections.has(socket)) return;
    const [next] = exchanges;
    if (next !== undefined) return next.work();
    if (this.#stopping !== undefined) return void socket.destroySoon();
    connection.waitingSince = this.#clock();
    connection.readBefore = socket.bytesRead;
    connection.unread = exchange.request.complete ? undefined : exchange.request;
    this.#guests.add(connection);
  }

  /** Ends the connection that is missed least. False when all have requests at work. */
  #makeRoom(): boolean {
    const [victim = this.#dawdler()] = [...firstOf(this.#strangers), ...firstOf(this.#guests)];
    if (victim === undefined) return false;
    this.#cut(victim, "made_room");
    this.#report.warn();
    return true;
  }

  /** The oldest connection for which the server waits: for a body, or for an answer to be taken. */
  #dawdler(): Connection | undefined {
    for (const connection of this.#connections.values()) {
      for (const { request, response } of connection.exchanges) {
        if (!request.complete || response.headersSent) return connection;
      }
    }
  }

  /** With a status, says so if no answer is under way. */
  #cut(connection: Connection, reason?: CutReason, status?: 400 | 408 | 431): void {
    const { socket, exchanges } = connection;
    if (reason !== undefined) this.#report.cut(reason);
    const silent = [...exchanges].every(({ response }) => !response.headersSent);
    this.#remove(connection);
    if (status !== undefined && silent && socket.writable) answerRaw(socket, status);
    else socket.destroy();
  }

  #remove(connection: Connection): void {
    if (!this.#connections.delete(connection.socket)) return;
    this.#strangers.delete(connection);
    this.#guests.delete(connection);
    this.#report.closed();
    if (this.#connections.size === 0) this.#stopping?.();
  }
}

function* firstOf<T>(values: Iterable<T>): Iterable<T> {
  for (const value of values) return yield value;
}

/** Statuses of requests that are not understood far enough to reach a route: reason phrase, code, message. */
const REFUSALS = {
  400: ["Bad Request", "malformed_request", "The request is not HTTP/1.1"],
  408: ["Request Timeout", "request_timeout", "The request did not arrive in time"],
  431: ["Request Header Fields Too Large", "headers_too_large", "The headers are larger than 16 KiB"],
} as const;

/** Answers without a request, then ends the connection, whether or not the answer is taken. */
function answerRaw(socket: Socket, status: keyof typeof REFUSALS): void {
  const [phrase, code, message] = REFUSALS[status];
  const body = JSON.stringify({ error: { code, message, remedy: "See /docs for examples of requests." } });
  const timer = setTimeout(() => socket.destroy(), LINGER);
  socket.once("close", () => clearTimeout(timer));
  socket.end(
    `HTTP/1.1 ${status} ${phrase}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
