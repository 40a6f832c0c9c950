import { Server } from "node:net";
import { ConfigError } from "shopflow/errors/mod.ts";
import type { Logger } from "shopflow/runtime/mod.ts";

/** How often a port to which nobody has connected is tried, in milliseconds. */
const WATCH_EVERY = 1000;
/** A listener that works accepts within one turn of the event loop; one that is given so many without does not. */
const ACCEPT_TURNS = 20;
/** Pause between two turns, or two tries to open the port again, in milliseconds. */
const TURN = 25;

interface PortOptions {
  /** No descriptor is left: whoever holds some that are not needed closes them. */
  starved(): void;
  /** Connections that wait to be accepted, as far as the system allows. */
  backlog: number;
  log: Logger;
  watchEveryMs?: number;
}

/** A port that takes connections. */
interface OpenPort {
  port: number;
  close(): void;
}

/**
 * Lets a server listen on an address. An accept that fails since the process has no descriptor left silences a
 * listener of Deno's node:net for ever, without an error. So it is watched from outside, and opened again when it does
 * not accept; connections that were accepted stay.
 *
 * @throws {ConfigError} when the address is taken or none of this machine's.
 */
export async function openPort(
  server: Server,
  host: string,
  wanted: number,
  { starved, backlog, log, watchEveryMs = WATCH_EVERY }: PortOptions,
): Promise<OpenPort> {
  let accepted = 0;
  server.on("connection", () => accepted++);
  await startListening(server, host, wanted, backlog);
  const { address, port } = server.address() as { address: string; port: number };
  const hostname = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  const closing = new AbortController();
  watch();
  return {
    port,
    close() {
      closing.abort();
      server.close();
    },
  };

  async function watch(): Promise<void> {
    while (!closing.signal.aborted) {
      const before = accepted;
      await pause(watchEveryMs, closing.signal);
      // Whoever connected has tried it already.
      if (accepted > before || closing.signal.aborted) continue;
      const found = await probe();
      if (found === "no descriptor") starved();
      if (found === "deaf") await reopen();
    }
  }

  async function probe(): Promise<"accepts" | "no descriptor" | "deaf" | "closing"> {
    const before = accepted;
    const ended = new AbortController();
    let failed = false;
    const connecting = Deno.connect({ hostname, port, signal: ended.signal })
      .then((connection) => connection.close(), () => {
        failed = true;
      });
    for (let turn = 0; turn < ACCEPT_TURNS && accepted === before && !failed; turn++) {
      await pause(TURN, closing.signal);
      if (closing.signal.aborted) break;
    }
    const failedByItself = failed;
    // The queue of a listener that accepts nothing may be full: then it would take minutes to connect.
    ended.abort();
    await connecting;
    if (closing.signal.aborted) return "closing";
    if (accepted > before) return "accepts";
    return failedByItself ? "no descriptor" : "deaf";
  }

  async function reopen(): Promise<void> {
    log.warn("the port did not accept connections any more, since no descriptor was left; opening it again");
    // Not that of an HTTP server, which would end its connections, too.
    Server.prototype.close.call(server);
    while (!closing.signal.aborted) {
      try {
        await startListening(server, host, port, backlog);
        if (closing.signal.aborted) server.close();
        return;
      } catch {
        // The old listener is not gone yet, or there is still no descriptor.
        await pause(TURN, closing.signal);
      }
    }
  }
}

function startListening(server: Server, host: string, port: number, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error & { code?: string }) => reject(explain(cause, host, port));
    server.once("error", fail);
    server.listen({ host, port, backlog }, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

function explain(cause: Error & { code?: string }, host: string, port: number): ConfigError {
  if (cause.code === "EADDRINUSE") {
    return new ConfigError(`Port ${port} is in use by another program`, {
      remedy: `Stop that program, or choose another port: SHOPFLOW_PORT=${port === 8000 ? 8001 : 8000}.`,
      cause,
    });
  }
  return new ConfigError(`The server cannot listen on ${host}:${port}`, {
    expected: "an address of this machine, and a port above 1023",
    remedy: "Correct SHOPFLOW_HOST and SHOPFLOW_PORT.",
    cause,
  });
}

/** Ends early when `signal` says so. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
