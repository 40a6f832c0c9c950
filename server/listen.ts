import type { Config } from "shopflow/config/mod.ts";
import { ConfigError } from "shopflow/errors/mod.ts";
import { isThisMachine } from "./jobs/operator_access.ts";

/** A server that answers. */
export interface RunningServer {
  /** Where a browser on this machine reaches it. */
  url: string;
  /** Takes no new connections, and resolves when the answers under way are given. */
  stop(): Promise<void>;
}

type Handler = (request: Request) => Response | Promise<Response>;
type ListenConfig = Pick<Config, "host" | "port" | "apiKey">;

/**
 * Starts to answer requests.
 *
 * @throws {ConfigError} when other machines could reach the server without a key, or the address is taken.
 */
export function listen(handler: Handler, { host, port, apiKey }: ListenConfig): RunningServer {
  if (!isThisMachine(host) && apiKey === undefined) {
    throw new ConfigError("Other machines could read the shop's data without a key", {
      expected: "SHOPFLOW_API_KEY when SHOPFLOW_HOST is not 127.0.0.1",
      found: `SHOPFLOW_HOST ${host} and no key`,
      remedy: "Set SHOPFLOW_API_KEY to a long random text, or unset SHOPFLOW_HOST.",
    });
  }
  const server = serve(handler, host, port);
  return {
    url: `http://${urlHost(host)}:${server.addr.port}`,
    stop: () => server.shutdown(),
  };
}

function serve(handler: Handler, hostname: string, port: number): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, onListen: () => {} }, handler);
  } catch (cause) {
    if (cause instanceof Deno.errors.AddrInUse) {
      throw new ConfigError(`Port ${port} is in use by another program`, {
        remedy: `Stop that program, or choose another port: SHOPFLOW_PORT=${port === 8000 ? 8001 : 8000}.`,
        cause,
      });
    }
    throw new ConfigError(`The server cannot listen on ${hostname}:${port}`, {
      expected: "an address of this machine, and a port above 1023",
      remedy: "Correct SHOPFLOW_HOST and SHOPFLOW_PORT.",
      cause,
    });
  }
}

/** A server on every address is reached by the loopback one. */
function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
