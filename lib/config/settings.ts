/** A variable that ShopFlow reads. */
export interface Setting {
  name: string;
  /** What it is, in a sentence without a full stop; Markdown. */
  meaning: string;
  /** The value without it, in words or as code; undefined where there is none. */
  fallback?: string;
}

/** Every setting: what {@linkcode loadConfig} accepts and `documentation/reference/settings.md` lists. */
export const SETTINGS: readonly Setting[] = [
  { name: "SHOPFLOW_HOME", meaning: "folder for everything that ShopFlow writes", fallback: "`.shopflow`" },
  {
    name: "SHOPFLOW_BUSINESS_FILE",
    meaning: "what the business says of itself: its currency, baselines and targets, " +
      "[as JSON](../how_to/describe_your_business.md)",
    fallback: "`<home>/business.json`, and without that file no such figure",
  },
  {
    name: "SHOPFLOW_POSTGRES_URL",
    meaning: "the shop's PostgreSQL: `postgres://user:password@host:5432/database`, or `pglite:<folder>`",
    fallback: "an embedded one, `pglite:<home>/shop/postgres`",
  },
  {
    name: "SHOPFLOW_POSTGRES_SCHEMA",
    meaning: "schema that has the shop's tables, where the user's `search_path` does not find them",
    fallback: "the `search_path` of the user",
  },
  {
    name: "SHOPFLOW_SOURCE_MAPPING",
    meaning:
      "file (YAML or JSON) that says which tables, columns or queries stand for those that ShopFlow expects",
  },
  {
    name: "SHOPFLOW_QUARANTINE_LIMIT",
    meaning:
      "most rows of a source table that may be left out because of wrong values: a number, or a share of " +
      "the table such as `2%`; a table with more keeps its last state",
    fallback: "1 % of the table, or 20 rows if that is more",
  },
  {
    name: "SHOPFLOW_MONGODB_URL",
    meaning: "the support tickets: `mongodb://…/database` or `mongodb+srv://…`, whose collection " +
      "`support_tickets` is read; `https://…/tickets`, the shop's Support API (`http:` on this machine only); " +
      "`file:<path>`, the output of `mongoexport`; `none`, where the shop has no tickets",
    fallback:
      "`file:<home>/shop/support_tickets.jsonl`; `none` if PostgreSQL is a server and there is no such file",
  },
  { name: "SHOPFLOW_SUPPORT_API_KEY", meaning: "key of the Support API, sent as `x-api-key`" },
  {
    name: "SHOPFLOW_RECONNECT_SECONDS",
    meaning: "how long to keep trying to reconnect to a source, in seconds; 0 means never",
    fallback: "120",
  },
  {
    name: "SHOPFLOW_LAKE",
    meaning: "the lake: a folder, or `s3://bucket/prefix` with the usual AWS variables",
    fallback: "`<home>/lake`",
  },
  {
    name: "SHOPFLOW_CACHE_BYTES",
    meaning: "largest size of the local copies of a lake in S3, in bytes",
    fallback: "10737418240 (10 GiB)",
  },
  {
    name: "SHOPFLOW_FEATURE_CACHE_BYTES",
    meaning:
      "largest size of the customers' features that are kept in `<home>/cache/shopflow_features`, so that the " +
      "next training or notebook on the same snapshot reads them; 0 keeps none",
    fallback: "2147483648 (2 GiB)",
  },
  { name: "SHOPFLOW_HOST", meaning: "address the server listens on", fallback: "`127.0.0.1`" },
  { name: "SHOPFLOW_PORT", meaning: "port the server listens on", fallback: "8000" },
  {
    name: "SHOPFLOW_MAX_CONNECTIONS",
    meaning: "most connections to the server at a time",
    fallback: "half of the free file descriptors, at most 4096",
  },
  {
    name: "SHOPFLOW_API_KEY",
    meaning:
      "key that requests send in `x-api-key`, and people as the password; required to listen on more " +
      "than this machine",
  },
  {
    name: "SHOPFLOW_OPERATOR_KEY",
    meaning:
      "key to start, cancel and pause runs on the server; without one, only people on this machine may, and " +
      "only if there is no API key",
  },
  {
    name: "SHOPFLOW_PUBLIC_URL",
    meaning: "where people reach the server: alerts link to it, and `Host` may name it",
  },
  {
    name: "SHOPFLOW_ALERT_CHANNELS",
    meaning:
      "where alerts go: `name=url` separated by white space; a webhook (`https://…`) or a mail server " +
      "(`smtps://…`, `smtp://…`)",
    fallback: "the log only",
  },
  {
    name: "SHOPFLOW_LATE_AFTER_HOURS",
    meaning: "age of the newest order, in hours since the end of its day, at which pages call the data late",
    fallback: "24",
  },
  {
    name: "SHOPFLOW_STALE_AFTER_HOURS",
    meaning: "the age at which pages call the data stale, and `check-data` fails",
    fallback: "48; for an embedded shop stale data is a warning of `check-data`",
  },
  {
    name: "SHOPFLOW_PROMOTION",
    meaning:
      "who makes a trained model the champion: `rule`, where it passes the comparison with the present one, " +
      "or `person`, by `deno task models promote`; `--promote` and `--no-promote` of `pipeline run` take precedence",
    fallback: "`rule`",
  },
  {
    name: "SHOPFLOW_CHURN_HORIZON_DAYS",
    meaning:
      "how many days the churn model looks ahead: 30, 60 or 90; `--churn-horizon` of `pipeline run` takes precedence. " +
      "A version of another horizon than the champion's [waits for a person](../explanation/churn.md#horizon)",
    fallback: "90",
  },
  {
    name: "SHOPFLOW_SEARCH_TRIALS",
    meaning:
      "combinations of hyper-parameters that a training of the churn model tries on its validation date, the defaults " +
      "among them; 0 tries none; `--search-trials` of `pipeline run` takes precedence",
    fallback: "3",
  },
  {
    name: "SHOPFLOW_KEEP_SCORES",
    meaning:
      "how many of the newest tables of each kind of score garbage collection keeps, the current one among them; of " +
      "scores whose outcomes are looked up later, such as churn, the first of each month stays 13 months besides",
    fallback: "14",
  },
  {
    name: "SHOPFLOW_KEEP_MODELS",
    meaning:
      "how many of the newest versions of each model garbage collection keeps, besides those that score or are " +
      "compared with",
    fallback: "30",
  },
  {
    name: "SHOPFLOW_LOG_LEVEL",
    meaning:
      "how much programs log to standard error: `error`, `warn`, `info` or `debug`; `--log-level` of a " +
      "command takes precedence",
    fallback: "`info`",
  },
  {
    name: "SHOPFLOW_JUPYTER",
    meaning: "the `jupyter` of `deno task lab`",
    fallback: "`jupyter` on the PATH",
  },
  {
    name: "SHOPFLOW_CHROMIUM",
    meaning: "the browser that makes PDFs",
    fallback: "Chromium, Chrome or Edge, where it is usually installed",
  },
  { name: "SHOPFLOW_RUN", meaning: "the scheduled run that a process belongs to; set by the scheduler" },
  { name: "SHOPFLOW_DATA_INTERVAL", meaning: "the data interval of that run; set by the scheduler" },
];
