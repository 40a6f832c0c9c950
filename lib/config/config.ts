import { ConfigError, knowSecrets } from "shopflow/errors/mod.ts";
import { LOG_LEVELS } from "shopflow/runtime/mod.ts";
import { isAbsolute, join, resolve } from "node:path";
import { checkConnectionUrl, publicUrl, schemeOf, shownValue } from "./connection_url.ts";
import { type AlertChannel, alertChannels } from "./alert_channels.ts";
import { SETTINGS } from "./settings.ts";
import {
  A_NUMBER_OF_HOURS,
  churnHorizon,
  isPositive,
  isWhole,
  numberSetting,
  numberToKeep,
  promotionBy,
  type QuarantineLimit,
  quarantineLimit,
  searchTrials,
} from "./values.ts";

/**
 * The lake's address as the programs use it: an absolute folder, or `s3://bucket/prefix` without a slash at its end.
 *
 * @throws {ConfigError} when it is neither; its message shows no secret.
 */
function lakeUrl(value: string, cwd: string): string {
  const [, scheme] = value.match(/^([A-Za-z][A-Za-z0-9+.-]+):\/\//) ?? [];
  if (scheme === undefined) return resolve(cwd, pathSetting("SHOPFLOW_LAKE", value) ?? "");
  const [bucket = "", ...prefix] = value.slice(`${scheme}://`.length).replace(/\/$/, "").split("/");
  const named = prefix.every((name) => /^[^.\s?#\\@:][^\s?#\\@:]*$/.test(name));
  if (scheme === "s3" && /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) && named) {
    return ["s3:/", bucket, ...prefix].join("/");
  }
  // Secret keys of AWS have slashes, so that a piece of one may look like a bucket or prefix.
  const isHarmless = scheme === "s3" && !/[@:?#=+%]/.test(value.slice("s3://".length));
  throw new ConfigError("Invalid SHOPFLOW_LAKE", {
    expected: "a folder, or s3://bucket or s3://bucket/prefix",
    found: isHarmless ? JSON.stringify(value) : schemeOf(value),
    remedy: "Credentials and endpoint of S3 come from AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL and the like.",
  });
}

/** The run of a job that a program was started for. */
interface ServedRun {
  /** Job and scheduled time, e.g. `refresh-data@2024-10-02T03:05Z`. */
  name: string;
  /** Beginning of the data interval, ISO 8601 in UTC. */
  from: string;
  /** End of the data interval, exclusive; its beginning where a run is about no time. */
  to: string;
}

const TIME = String.raw`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z`;
const NAME = new RegExp(`^[a-z0-9][a-z0-9_-]*@(${TIME})$`);
const INTERVAL = new RegExp(`^(${TIME})/(${TIME})$`);

/**
 * Reads `SHOPFLOW_RUN` and `SHOPFLOW_DATA_INTERVAL`, which the scheduler gives to the programs that it starts.
 *
 * @returns Undefined where neither is set: a person started the program.
 * @throws {ConfigError} when one of them is missing or malformed.
 */
function servedRun(env: Record<string, string | undefined>): ServedRun | undefined {
  const { SHOPFLOW_RUN: name, SHOPFLOW_DATA_INTERVAL: interval } = env;
  if (!name && !interval) return undefined;
  const [, scheduledFor] = NAME.exec(name ?? "") ?? [];
  if (!name || !isTime(scheduledFor)) {
    throw new ConfigError("Invalid SHOPFLOW_RUN", {
      expected: "JOB@TIME in UTC, e.g. refresh-data@2024-10-02T03:05Z",
      found: name ? shownValue(name) : "SHOPFLOW_DATA_INTERVAL alone",
      remedy: "The scheduler sets both; unset them to start a program by hand.",
    });
  }
  const [, from, to] = INTERVAL.exec(interval ?? "") ?? [];
  if (!isTime(from) || !isTime(to) || Date.parse(from) > Date.parse(to)) {
    throw new ConfigError("Invalid SHOPFLOW_DATA_INTERVAL", {
      expected: "FROM/TO in UTC, FROM not after TO, e.g. 2024-10-02T02:05Z/2024-10-02T03:05Z",
      found: interval ? shownValue(interval) : "SHOPFLOW_RUN alone",
      remedy: "The scheduler sets both; unset them to start a program by hand.",
    });
  }
  return { name, from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

/** A real time: 31 February is none, though the pattern lets it pass. */
function isTime(text: string | undefined): text is string {
  if (text === undefined) return false;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text.slice(0, 16));
}

/** Every setting, resolved: paths are absolute, defaults are filled in. */
export interface Config {
  /** Folder of everything an embedded installation writes. `SHOPFLOW_HOME`, default `.shopflow`. */
  home: string;
  /** Currency, baselines and targets of the business. `SHOPFLOW_BUSINESS_FILE`, default `<home>/business.json`. */
  businessFile: string;
  /** `postgres://…` or `pglite:<folder>` (embedded PostgreSQL). `SHOPFLOW_POSTGRES_URL`. */
  postgresUrl: string;
  /** Schema before those of the user's search_path. `SHOPFLOW_POSTGRES_SCHEMA`. */
  postgresSchema?: string | undefined;
  /** Path of the file that says which tables stand for those of the contract. `SHOPFLOW_SOURCE_MAPPING`. */
  sourceMapping?: string | undefined;
  /** Most rows of a table that may be left out for wrong values. `SHOPFLOW_QUARANTINE_LIMIT`. */
  quarantineLimit: QuarantineLimit;
  /**
   * `mongodb://…`, `file:<path>` (mongoexport JSON lines), `https://…/tickets` (the shop's Support API), or `none`.
   * `SHOPFLOW_MONGODB_URL`.
   */
  ticketsUrl: string;
  /** Key of the Support API. `SHOPFLOW_SUPPORT_API_KEY`. */
  supportApiKey?: string | undefined;
  /** How long to reconnect to a source that was lost, in seconds. `SHOPFLOW_RECONNECT_SECONDS`, default 120. */
  reconnectSeconds: number;
  /** The lake: a folder or `s3://bucket/prefix`. `SHOPFLOW_LAKE`, default `<home>/lake`. */
  lakeUrl: string;
  /** Room for local copies of a lake in S3, in bytes. `SHOPFLOW_CACHE_BYTES`, default 10 GiB. */
  cacheBytes: number;
  /** Largest size of the feature cache. `SHOPFLOW_FEATURE_CACHE_BYTES` */
  featureCacheBytes: number;
  /** Address the server listens on. `SHOPFLOW_HOST`, default `127.0.0.1`. */
  host: string;
  /** `SHOPFLOW_PORT`, default 8000. */
  port: number;
  /** Most connections to the server at a time. `SHOPFLOW_MAX_CONNECTIONS`; without it half of the descriptors. */
  maxConnections?: number | undefined;
  /** When set, scoring, reports, pages of jobs and metrics need it, in `x-api-key` or as password. `SHOPFLOW_API_KEY`. */
  apiKey?: string | undefined;
  /** When set, the server asks for it to start, cancel and pause runs. `SHOPFLOW_OPERATOR_KEY`. */
  operatorKey?: string | undefined;
  /** The `jupyter` of `deno task lab`, where it is not on the PATH. `SHOPFLOW_JUPYTER`. */
  jupyter?: string | undefined;
  /** The browser that makes PDFs, where it is not in a usual place. `SHOPFLOW_CHROMIUM`. */
  chromium?: string | undefined;
  /**
   * Age of the newest order in hours above which `check-data` fails. `SHOPFLOW_STALE_AFTER_HOURS`; without it 48,
   * and stale data of an embedded shop is a warning.
   */
  staleAfterHours?: number | undefined;
  /** Age of the newest order, in hours, at which pages call the data late. `SHOPFLOW_LATE_AFTER_HOURS`, default 24. */
  lateAfterHours?: number | undefined;
  /** The scheduled run that a program serves. `SHOPFLOW_RUN` and `SHOPFLOW_DATA_INTERVAL`, which the scheduler sets. */
  run?: ServedRun | undefined;
  /** Where alerts about failed runs, missed SLAs and recoveries go. `SHOPFLOW_ALERT_CHANNELS`, default none. */
  alertChannels: AlertChannel[];
  /** Public address of the server, without a slash at its end; alerts link to it. `SHOPFLOW_PUBLIC_URL`. */
  publicUrl?: string | undefined;
  /** How much programs log to standard error. `SHOPFLOW_LOG_LEVEL`, default `info`. */
  logLevel: typeof LOG_LEVELS[number];
  /** Who makes a trained model the champion: the comparison with the present one, or a person. `SHOPFLOW_PROMOTION`. */
  promotion: "rule" | "person";
  /** Days the churn model looks ahead. `SHOPFLOW_CHURN_HORIZON_DAYS`, default 90. */
  churnHorizonDays: 30 | 60 | 90;
  /** Combinations of hyper-parameters a training of the churn model tries. `SHOPFLOW_SEARCH_TRIALS`, default 3. */
  searchTrials: number;
  /** How many of the newest score tables and model versions stay. `SHOPFLOW_KEEP_SCORES`, `SHOPFLOW_KEEP_MODELS`. */
  keep: { scores: number; models: number };
}

/** Names of all settings. */
export const KNOWN: readonly string[] = SETTINGS.map(({ name }) => name);

/** `SHOPFLOW_MONGODB_URL` of a shop without tickets. */
export const NO_TICKETS = "none";

const pathIn = (cwd: string, path: string | undefined) => path === undefined ? undefined : resolve(cwd, path);

/** Where a key may travel without TLS: not beyond this machine. */
const LOOPBACK = ["http://127.0.0.1:", "http://localhost:"];

/**
 * Reads the `SHOPFLOW_*` variables.
 *
 * @throws {ConfigError} on a variable that is unknown (a misspelling would be ignored silently) or malformed. No message
 * shows a secret, also not one that is in the wrong variable.
 */
export function loadConfig(
  env: Record<string, string | undefined> = Deno.env.toObject(),
  cwd: string = Deno.cwd(),
): Config {
  knowSecrets(env);
  refuseUnknown(env);
  const home = resolve(cwd, pathSetting("SHOPFLOW_HOME", env.SHOPFLOW_HOME) ?? ".shopflow");
  return {
    home,
    businessFile: resolve(
      cwd,
      pathSetting("SHOPFLOW_BUSINESS_FILE", env.SHOPFLOW_BUSINESS_FILE) ?? join(home, "business.json"),
    ),
    postgresUrl: sourceUrl(env, "SHOPFLOW_POSTGRES_URL", cwd, {
      schemes: ["postgres:", "postgresql:", "pglite:"],
      fallback: `pglite:${join(home, "shop", "postgres")}`,
    }),
    postgresSchema: env.SHOPFLOW_POSTGRES_SCHEMA || undefined,
    sourceMapping: pathIn(cwd, pathSetting("SHOPFLOW_SOURCE_MAPPING", env.SHOPFLOW_SOURCE_MAPPING)),
    quarantineLimit: quarantineLimit(env.SHOPFLOW_QUARANTINE_LIMIT),
    ticketsUrl: env.SHOPFLOW_MONGODB_URL === NO_TICKETS
      ? NO_TICKETS
      : sourceUrl(env, "SHOPFLOW_MONGODB_URL", cwd, {
        schemes: ["mongodb:", "mongodb+srv:", "file:", "https:", ...LOOPBACK],
        fallback: `file:${join(home, "shop", "support_tickets.jsonl")}`,
      }),
    supportApiKey: keySetting("SHOPFLOW_SUPPORT_API_KEY", env.SHOPFLOW_SUPPORT_API_KEY),
    reconnectSeconds: numberSetting(
      env,
      "SHOPFLOW_RECONNECT_SECONDS",
      (seconds) => seconds >= 0 && seconds <= MOST_RECONNECT_SECONDS,
      `a number from 0 (never reconnect) to ${MOST_RECONNECT_SECONDS}, e.g. 120`,
    ) ?? 120,
    lakeUrl: lakeUrl(env.SHOPFLOW_LAKE || join(home, "lake"), cwd),
    cacheBytes: numberSetting(
      env,
      "SHOPFLOW_CACHE_BYTES",
      (bytes) => isWhole(bytes) && bytes >= 0,
      "a whole number of bytes, e.g. 10737418240",
    ) ?? 10 * 2 ** 30,
    featureCacheBytes: numberSetting(
      env,
      "SHOPFLOW_FEATURE_CACHE_BYTES",
      (bytes) => isWhole(bytes) && bytes >= 0,
      "a whole number of bytes, e.g. 2147483648, or 0 to keep none",
    ) ?? 2 * 2 ** 30,
    host: host(env.SHOPFLOW_HOST),
    port: numberSetting(
      env,
      "SHOPFLOW_PORT",
      (port) => isWhole(port) && port >= 0 && port <= 65535,
      "a whole number from 0 to 65535",
    ) ?? 8000,
    maxConnections: numberSetting(
      env,
      "SHOPFLOW_MAX_CONNECTIONS",
      (count) => isWhole(count) && count >= 1,
      "a whole number above 0, e.g. 500",
    ),
    apiKey: keySetting("SHOPFLOW_API_KEY", env.SHOPFLOW_API_KEY),
    operatorKey: keySetting("SHOPFLOW_OPERATOR_KEY", env.SHOPFLOW_OPERATOR_KEY),
    jupyter: pathSetting("SHOPFLOW_JUPYTER", env.SHOPFLOW_JUPYTER),
    chromium: pathSetting("SHOPFLOW_CHROMIUM", env.SHOPFLOW_CHROMIUM),
    run: servedRun(env),
    staleAfterHours: numberSetting(env, "SHOPFLOW_STALE_AFTER_HOURS", isPositive, A_NUMBER_OF_HOURS),
    lateAfterHours: numberSetting(env, "SHOPFLOW_LATE_AFTER_HOURS", isPositive, A_NUMBER_OF_HOURS),
    alertChannels: alertChannels(env.SHOPFLOW_ALERT_CHANNELS ?? ""),
    publicUrl: publicUrl(env.SHOPFLOW_PUBLIC_URL),
    logLevel: logLevelOf(env),
    promotion: promotionBy(env.SHOPFLOW_PROMOTION),
    churnHorizonDays: churnHorizon(env.SHOPFLOW_CHURN_HORIZON_DAYS),
    searchTrials: searchTrials(env),
    keep: {
      scores: numberToKeep(env, "SHOPFLOW_KEEP_SCORES") ?? 14,
      models: numberToKeep(env, "SHOPFLOW_KEEP_MODELS") ?? 30,
    },
  };
}

/** `SHOPFLOW_LOG_LEVEL`, default `info`. @throws {ConfigError} when it is none of the levels. */
export function logLevelOf(
  { SHOPFLOW_LOG_LEVEL: value }: Record<string, string | undefined>,
): Config["logLevel"] {
  const level = LOG_LEVELS.find((known) => known === (value || "info"));
  if (level !== undefined) return level;
  throw new ConfigError("Invalid SHOPFLOW_LOG_LEVEL", {
    expected: `one of ${LOG_LEVELS.join(", ")}`,
    found: shownValue(value ?? ""),
  });
}

function refuseUnknown(env: Record<string, string | undefined>): void {
  const unknown = Object.keys(env).filter((name) =>
    name.startsWith("SHOPFLOW_") && !name.startsWith("SHOPFLOW_TEST_") &&
    !KNOWN.includes(name)
  );
  if (unknown.length === 0) return;
  throw new ConfigError("Unknown setting", {
    expected: `one of ${KNOWN.join(", ")}`,
    found: unknown.join(", "),
    remedy: "Correct the name or unset it.",
  });
}

function sourceUrl(
  env: Record<string, string | undefined>,
  name: string,
  cwd: string,
  { schemes, fallback }: { schemes: string[]; fallback: string },
): string {
  const value = env[name];
  if (!value) return fallback;
  const scheme = schemes.find((prefix) => value.startsWith(prefix));
  if (scheme === undefined) {
    throw new ConfigError(`Invalid ${name}`, {
      expected: `a value that starts with ${schemes.join(" or ")}${
        name === "SHOPFLOW_MONGODB_URL" ? `, or ${NO_TICKETS}` : ""
      }`,
      found: schemeOf(value),
      remedy: "A server's is scheme://user:password@host:port/database. The value is not shown here, since " +
        "it may hold " +
        "a password.",
    });
  }
  if (scheme !== "pglite:" && scheme !== "file:") {
    checkConnectionUrl(value, name);
    return value;
  }
  const path = pathSetting(name, value.slice(scheme.length).replace(/^\/\/(?=\/)/, "")) ?? "";
  if (/^\/\/[^/]/.test(path)) {
    throw new ConfigError(`Invalid ${name} (it names a server behind ${scheme}//)`, {
      expected: `a path, as in ${scheme}/data/shop or ${scheme}///data/shop`,
      remedy: "The value is not shown here, since it may hold a password.",
    });
  }
  return scheme + (isAbsolute(path) ? path : resolve(cwd, path));
}

function host(value: string | undefined): string {
  if (!value) return "127.0.0.1";
  if (/^[\p{L}\p{N}._-]+$/u.test(value) || /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*(?:%\w+)?$/i.test(value)) {
    return value;
  }
  throw new ConfigError("Invalid SHOPFLOW_HOST", {
    expected: "a name or address of this machine without a port, e.g. 127.0.0.1 or 0.0.0.0",
    remedy: "Set the port in SHOPFLOW_PORT.",
  });
}

/** More would outlast the interval of a daily job. */
const MOST_RECONNECT_SECONDS = 24 * 60 * 60;

/**
 * A path, taken as it is. An address with a password would become the name of a folder and stand in messages.
 *
 * @throws {ConfigError} when it looks like the address of a server; the message does not show it.
 */
function pathSetting(name: string, value: string | undefined): string | undefined {
  if (!value) return undefined;
  const isAddress = /^[a-z][a-z0-9+.-]+:|:.*@|:\/\/|\bpassword\s*=/i.test(value);
  // deno-lint-ignore no-control-regex
  if (!isAddress && !/[\u0000-\u001f]/.test(value)) return value;
  throw new ConfigError(`Invalid ${name}`, {
    expected: "a path in this machine's file system",
    found: isAddress ? "what looks like the address of a server" : "a control character in it",
    remedy: "Correct it or unset it. It is not shown here, since it may hold a password.",
  });
}

/** A key that is sent in a header. @throws {ConfigError} when it cannot hold it; the message does not show it. */
function keySetting(name: string, value: string | undefined): string | undefined {
  if (!value) return undefined;
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return value;
  throw new ConfigError(`Invalid ${name}`, {
    expected: "printable ASCII characters without a space or line break at either end",
    found: /^\s|\s$/.test(value) ? "a space or line break at an end" : "another character",
    remedy: "Correct it; a file with a key often ends with a line break.",
  });
}
