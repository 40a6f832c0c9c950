import { homedir } from "node:os";
import { join } from "node:path";
// @ts-types="@types/pg"
import type pg from "pg";
import { ConfigError } from "shopflow/errors/mod.ts";
import { fileExists } from "shopflow/runtime/mod.ts";

/** Whether a connection is encrypted, and what of the server is checked then. */
type Tls = Exclude<pg.ClientConfig["ssl"], boolean | undefined> | false;

/** How a connection is to be made, as PostgreSQL's own programs take it from a URL and the PG… variables. */
export interface ConnectionPlan {
  /** The URL without the parameters that are in the plan. */
  url: string;
  /** Ways to connect, the next for when the one before was refused. */
  attempts: Tls[];
  /** How long a server may take to let us in, in milliseconds; undefined where nobody said. */
  connectMs?: number;
  sslnegotiation?: "direct";
}

const MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;
type Mode = typeof MODES[number];

/** Parameters of a URL that are in the plan. */
const PLANNED = ["sslmode", "sslrootcert", "sslcert", "sslkey", "sslnegotiation", "connect_timeout"] as const;
type Planned = typeof PLANNED[number];
const VARIABLES: Record<Planned, string> = {
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  sslnegotiation: "PGSSLNEGOTIATION",
  connect_timeout: "PGCONNECT_TIMEOUT",
};

/** Where libpq looks for certificates that nobody names. */
const inHome = (home: string, file: string) => join(home, ".postgresql", file);

/**
 * Reads what libpq reads: `sslmode` (default `prefer`), `sslrootcert`, `sslcert`, `sslkey`, `sslnegotiation` and
 * `connect_timeout` of the URL, else of the service that it names (or `PGSERVICE` does), else the PG… variables, else the
 * files in `~/.postgresql`. What else the service says goes into the URL, where that does not say it.
 *
 * @throws {ConfigError} when a value is none that libpq takes, a certificate or service is not there, or there are
 *   several hosts: which of them answers may change, and with it what is read.
 */
export async function planConnection(
  url: string,
  env: Record<string, string | undefined> = Deno.env.toObject(),
  home: string = homedir(),
): Promise<ConnectionPlan> {
  const [written = "", query] = url.split("?");
  const parameters = new URLSearchParams(query);
  const service = await serviceOf(parameters.get("service") || env.PGSERVICE, env, home);
  const address = addService(written, parameters, service);
  const given = (name: Planned) =>
    parameters.get(name) || service.get(name) || env[VARIABLES[name]] || undefined;
  const root = given("sslrootcert");
  const mode = modeOf(given("sslmode"), root);
  const negotiation = negotiationOf(given("sslnegotiation"), mode);
  const seconds = Number(given("connect_timeout") ?? 0);
  if (!Number.isInteger(seconds)) {
    throw invalid("connect_timeout", "a whole number of seconds", String(given("connect_timeout")));
  }
  const [, host = ""] = address.match(/^[^:]+:\/\/(?:[^@/]*@)?([^/]*)/) ?? [];
  const server = parameters.get("host") || decodeURIComponent(host) || env.PGHOST || "";
  if (server.includes(",")) {
    throw new ConfigError("The connection to PostgreSQL names several hosts", {
      expected: "one host, whose rows are read",
      found: `${server.split(",").length} hosts`,
      remedy: "Name the one to read in SHOPFLOW_POSTGRES_URL, in the service, or in PGHOST.",
    });
  }
  const isSocket = server.startsWith("/");
  const isPlain = isSocket || mode === "disable";
  const encrypted = isPlain ? undefined : await tlsOf(mode, {
    root: root ?? inHome(home, "root.crt"),
    cert: given("sslcert") ?? inHome(home, "postgresql.crt"),
    key: given("sslkey") ?? inHome(home, "postgresql.key"),
  });
  for (const name of ["service", ...PLANNED]) parameters.delete(name);
  return {
    url: parameters.size === 0 ? address : `${address}?${parameters}`,
    attempts: attemptsOf(mode, encrypted),
    // As libpq has it: no less than two seconds, and none for no limit.
    ...(seconds > 0 && { connectMs: Math.max(seconds, 2) * 1000 }),
    ...(negotiation && !isPlain && { sslnegotiation: negotiation }),
  };
}

/** What the service file says of a service, by the parameter's name; nothing where there is no name. */
async function serviceOf(
  name: string | undefined,
  env: Record<string, string | undefined>,
  home: string,
): Promise<Map<string, string>> {
  if (name === undefined) return new Map();
  const path = env.PGSERVICEFILE || join(home, ".pg_service.conf");
  const lines = await fileExists(path) ? (await Deno.readTextFile(path)).split(/\r?\n/) : [];
  const begin = lines.findIndex((line) => line.trim() === `[${name}]`);
  if (begin < 0) {
    throw new ConfigError("The service of the connection to PostgreSQL is not defined", {
      expected: `a section [${name}] in ${path}`,
      found: lines.length === 0 ? "no such file" : "none of that name",
      remedy: "Add it, or correct the service in SHOPFLOW_POSTGRES_URL or PGSERVICE.",
    });
  }
  const section = lines.slice(begin + 1);
  const end = section.findIndex((line) => line.trim().startsWith("["));
  return new Map(
    section.slice(0, end < 0 ? undefined : end).flatMap((line) => {
      const [, key, value] = line.match(/^\s*(\w+)\s*=\s*(.*?)\s*$/) ?? [];
      return key === undefined || value === undefined ? [] : [[key, value] as const];
    }),
  );
}

/** Adds to a URL what a service says and the URL does not; returns the URL up to its parameters. */
function addService(address: string, parameters: URLSearchParams, service: Map<string, string>): string {
  const [, user = "", password = "", host = "", port = "", path = ""] =
    address.match(/^[^:]+:\/\/(?:([^@/:]*)(?::([^@/]*))?@)?(\[[^\]]*\]|[^/:]*)(?::(\d+))?(\/[^/]*)?$/) ?? [];
  for (const [name, inUrl] of Object.entries({ user, password, host, port })) {
    const value = service.get(name);
    if (value !== undefined && inUrl === "" && !parameters.has(name)) parameters.set(name, value);
  }
  const database = service.get("dbname");
  if (database === undefined || path.length > 1) return address;
  return `${address}${path === "" ? "/" : ""}${encodeURIComponent(database)}`;
}

function modeOf(text: string | undefined, root: string | undefined): Mode {
  const mode = MODES.find((known) => known === text);
  if (text !== undefined && mode === undefined) throw invalid("sslmode", `one of ${MODES.join(", ")}`, text);
  if (root !== "system") return mode ?? "prefer";
  if (mode === undefined || mode === "verify-full") return "verify-full";
  throw invalid("sslmode", "verify-full, since sslrootcert is system", mode);
}

function negotiationOf(text: string | undefined, mode: Mode): "direct" | undefined {
  if (text === undefined || text === "postgres") return undefined;
  if (text !== "direct") throw invalid("sslnegotiation", "postgres or direct", text);
  if (["require", "verify-ca", "verify-full"].includes(mode)) return text;
  throw invalid("sslmode", "require, verify-ca or verify-full, since sslnegotiation is direct", mode);
}

function attemptsOf(mode: Mode, encrypted: Exclude<Tls, false> | undefined): Tls[] {
  if (encrypted === undefined) return [false];
  if (mode === "allow") return [false, encrypted];
  return mode === "prefer" ? [encrypted, false] : [encrypted];
}

interface CertificateFiles {
  root: string;
  cert: string;
  key: string;
}

async function tlsOf(mode: Mode, files: CertificateFiles): Promise<Exclude<Tls, false>> {
  const verifies = mode === "verify-ca" || mode === "verify-full";
  const isSystem = files.root === "system";
  const hasRoot = !isSystem && await fileExists(files.root);
  if (verifies && !isSystem && !hasRoot) {
    throw new ConfigError("The root certificate of PostgreSQL is not there", {
      expected: `a file ${files.root}, which sslmode=${mode} needs`,
      remedy: "Put the path of the server's root certificate into SHOPFLOW_POSTGRES_URL as sslrootcert=…; " +
        "sslrootcert=system takes those of public authorities.",
    });
  }
  const client = await fileExists(files.cert)
    ? { cert: await Deno.readTextFile(files.cert), key: await Deno.readTextFile(files.key) }
    : {};
  if (isSystem) return client;
  // As in libpq, a root certificate that is there is checked in every mode; without one only the modes that say so check.
  if (!hasRoot) return { ...client, rejectUnauthorized: false };
  return {
    ...client,
    ca: await Deno.readTextFile(files.root),
    ...(mode !== "verify-full" && { checkServerIdentity: () => undefined }),
  };
}

function invalid(name: Planned, expected: string, found: string): ConfigError {
  return new ConfigError(`Invalid ${name} of the connection to PostgreSQL`, {
    expected,
    found,
    remedy: `Correct it in SHOPFLOW_POSTGRES_URL or in ${VARIABLES[name]}.`,
  });
}
