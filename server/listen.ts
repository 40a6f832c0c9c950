import { getRequestListener, type Http2Bindings, type HttpBindings } from "@hono/node-server";
import { createServer, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Config } from "shopflow/config/mod.ts";
import { ConfigError } from "shopflow/errors/mod.ts";
import { createLogger, type Logger } from "shopflow/runtime/mod.ts";
import { type ConnectionReport, createConnectionReport } from "./connections/connection_report.ts";
import { ConnectionTable, DEADLINES, type Deadlines } from "./connections/connection_table.ts";
import { openPort } from "./connections/port.ts";
import { isThisMachine } from "./access/operator.ts";
import { HttpProblem } from "./problems.ts";

/** A server that answers. */
interface RunningServer {
  /** Where a browser on this machine reaches it. */
  url: string;
  /**
   * Takes no new connections, closes those that wait, and lets answers under way finish until the shutdown deadline.
   *
   * @returns How many were cut.
   */
  stop(): Promise<number>;
}

type Handler = (request: Request) => Response | Promise<Response>;
type ListenConfig = Pick<Config, "host" | "port" | "apiKey" | "maxConnections">;

interface ListenOptions {
  /** Deadlines other than {@linkcode DEADLINES}. */
  deadlines?: Partial<Deadlines>;
  /** Where connections are counted. */
  report?: ConnectionReport;
  log?: Logger;
  /** By which deadlines but that of the shutdown are kept: monotonic, in milliseconds. */
  clock?: () => number;
}

/** Below this the limit is one for people at a terminal, not for a server. */
const LOW_LIMIT = 4000;
/** More connections at a time than these only take memory. */
export const MOST_CONNECTIONS = 4096;
/** Descriptors for the lake's files, DuckDB, the connections to S3 and the runtime. */
const RESERVED = 128;

/** Those of node:http are off: the table keeps them, counts what they cut and knows what is missed least. */
const NO_DEADLINES = { headersTimeout: 0, requestTimeout: 0, keepAliveTimeout: 0 };
/** Room for the headers of a request, in bytes. */
const LARGEST_HEADERS = 16 * 1024;

/**
 * Starts to answer requests.
 *
 * Deno.serve ends at the first connection for which no descriptor is left, and has no deadlines; node:http, whose
 * connections can be watched, has room for both.
 *
 * @throws {ConfigError} when other machines could reach the server without a key, the address is taken, or there are
 *   fewer descriptors than connections.
 */
export async function listen(
  handler: Handler,
  { host, port, apiKey, maxConnections }: ListenConfig,
  { deadlines: given, log = createLogger(), report = createConnectionReport(log), clock }: ListenOptions = {},
): Promise<RunningServer> {
  if (!isThisMachine(host) && apiKey === undefined) {
    throw new ConfigError("Other machines could read the shop's data without a key", {
      expected: "SHOPFLOW_API_KEY when SHOPFLOW_HOST is not 127.0.0.1",
      found: `SHOPFLOW_HOST ${host} and no key`,
      remedy: "Set SHOPFLOW_API_KEY to a long random text, or unset SHOPFLOW_HOST.",
    });
  }
  const deadlines = { ...DEADLINES, ...given };
  const most = mostConnections(maxConnections, log, freeDescriptors(maxConnections));
  const table = new ConnectionTable({ most, deadlines, report, clock });
  const answer = getRequestListener(writesJsonItself(handler), {
    overrideGlobalObjects: false,
    errorHandler: answerUnreadable,
  });
  const http = createServer(
    { ...NO_DEADLINES, maxHeaderSize: LARGEST_HEADERS, noDelay: true },
    (request, response) => {
      table.begin(request, response, () => answer(request, response));
    },
  );
  http.on("clientError", (error: Error & { code?: string }, socket) => {
    table.refuseMalformed(socket as Socket, error.code);
  });
  http.on("connection", (socket) => table.add(socket));
  const opened = await openPort(http, host, port, {
    starved: () => table.closeWaiting("made_room"),
    // All of a full queue may be accepted before the first descriptor of those that made room is free.
    backlog: Math.max(1, Math.floor(most / 4)),
    log,
  });
  const checks = setInterval(() => table.check(), deadlines.checkMs);
  return {
    url: `http://${urlHost(host)}:${opened.port}`,
    async stop() {
      opened.close();
      const cut = await table.stop();
      clearInterval(checks);
      report.warn();
      return cut;
    },
  };
}

/** Tells the adapter that nothing is left to write. */
const WRITTEN = new Response(null, { headers: { "x-hono-already-sent": "true" } });

/**
 * Writes answers in JSON, which are whole and small, past the adapter: its iteration of headers and its reading of the
 * body as a stream take a quarter of the time of a scoring request.
 */
function writesJsonItself(handler: Handler) {
  return async (request: Request, bindings: HttpBindings | Http2Bindings): Promise<Response> => {
    const response = await handler(forHandler(request));
    // Of the answer to HEAD the length is not known: it has no body.
    const isWritten = response.status === 200 && request.method !== "HEAD" &&
      response.headers.get("content-type") === "application/json";
    if (!isWritten) return response;
    const body = new Uint8Array(await response.arrayBuffer());
    const headers: Record<string, string | number> = { "content-length": body.length };
    response.headers.forEach((value, name) => headers[name] = value);
    // The server knows no HTTP/2.
    const outgoing = bindings.outgoing as ServerResponse;
    outgoing.writeHead(200, headers);
    outgoing.end(body);
    return WRITTEN;
  };
}

/**
 * The limit of bodies counts those without a length as they come, for which it makes another request: that takes a
 * Request of the runtime, which the adapter's is not. A request that names neither a length nor an encoding has no body,
 * though the adapter says that it has one.
 */
function forHandler(request: Request): Request {
  const { url, method, headers, signal } = request;
  if (headers.has("transfer-encoding")) {
    return new Request(url, { method, headers, body: request.body, signal });
  }
  const mayHaveBody = headers.has("content-length") || method === "GET" || method === "HEAD";
  return mayHaveBody ? request : new Request(url, { method, headers, signal });
}

/** Requests of which no URL can be made, by their target or Host, reach no route. */
function answerUnreadable(): Response {
  const problem = new HttpProblem(400, "malformed_request", "The request's target or Host is malformed", {
    expected: "a path, and the header Host with a name or address and perhaps a port",
    remedy: "See /docs for examples of requests.",
  });
  return Response.json(problem, { status: problem.status });
}

/** A server on every address is reached by the loopback one. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

/**
 * How many connections a server may have at a time: as set, or half of the descriptors that are free, so that the files
 * of the lake can be opened whatever clients do.
 *
 * @throws {ConfigError} when more are set than there are descriptors for.
 */
export function mostConnections(set: number | undefined, log: Logger, free: number): number {
  const most = set ?? Math.min(MOST_CONNECTIONS, Math.floor(free / 2));
  if (most < 1 || most > free - RESERVED && set !== undefined) {
    throw new ConfigError("The limit of open files is too low for SHOPFLOW_MAX_CONNECTIONS", {
      expected: `at most ${Math.max(0, free - RESERVED)}: ${RESERVED} of ${free} descriptors are for files`,
      found: String(most),
      remedy: "Raise the limit (LimitNOFILE= in systemd, `ulimit -n` in a shell), or lower the setting.",
    });
  }
  if (free < LOW_LIMIT) {
    log.info(
      `this process may open ${free} more files and connections; the server takes at most ${most} connections at a ` +
        "time. To allow more, raise the limit: LimitNOFILE= in systemd, `ulimit -n` in a shell.",
    );
  }
  return most;
}

/**
 * How many more files this process may open, as far as it matters. It is tried out: programs that may not read
 * everything may not read their limits in /proc.
 */
function freeDescriptors(wanted = 0): number {
  if (Deno.build.os === "windows") return Infinity;
  const enough = Math.max(2 * MOST_CONNECTIONS, wanted + RESERVED);
  const files: Deno.FsFile[] = [];
  try {
    while (files.length < enough) files.push(Deno.openSync("/dev/null"));
    return Infinity;
  } catch (error) {
    if (!/^E[MN]FILE$/.test((error as { code?: string }).code ?? "")) throw error;
    return files.length;
  } finally {
    for (const file of files) file.close();
  }
}
