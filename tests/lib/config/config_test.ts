import { loadConfig } from "shopflow/config/mod.ts";
import { ConfigError } from "shopflow/errors/mod.ts";
import assert from "node:assert/strict";

Deno.test("without settings everything is under .shopflow in the working directory", () => {
  assert.deepEqual(loadConfig({}, "/shop"), {
    home: "/shop/.shopflow",
    businessFile: "/shop/.shopflow/business.json",
    postgresUrl: "pglite:/shop/.shopflow/shop/postgres",
    postgresSchema: undefined,
    sourceMapping: undefined,
    quarantineLimit: { rows: 20, share: 0.01 },
    ticketsUrl: "file:/shop/.shopflow/shop/support_tickets.jsonl",
    lakeUrl: "/shop/.shopflow/lake",
    logLevel: "info",
    promotion: "rule",
    churnHorizonDays: 90,
    searchTrials: 3,
    keep: { scores: 14, models: 30 },
    cacheBytes: 10_737_418_240,
    featureCacheBytes: 2_147_483_648,
    host: "127.0.0.1",
    port: 8000,
    maxConnections: undefined,
    reconnectSeconds: 120,
    supportApiKey: undefined,
    apiKey: undefined,
    operatorKey: undefined,
    jupyter: undefined,
    chromium: undefined,
    run: undefined,
    staleAfterHours: undefined,
    lateAfterHours: undefined,
    alertChannels: [],
    publicUrl: undefined,
  });
});

Deno.test("a promotion is by the rule or by a person", () => {
  assert.equal(loadConfig({ SHOPFLOW_PROMOTION: "person" }).promotion, "person");
  assert.throws(() => loadConfig({ SHOPFLOW_PROMOTION: "manual" }), {
    message: /Invalid SHOPFLOW_PROMOTION: expected rule or person, found a text of 6 characters/,
  });
});

Deno.test("SHOPFLOW_HOME moves the embedded databases and the lake", () => {
  const config = loadConfig({ SHOPFLOW_HOME: "/data" }, "/shop");
  assert.equal(config.postgresUrl, "pglite:/data/shop/postgres");
  assert.equal(config.lakeUrl, "/data/lake");
});

Deno.test("real servers are taken as they are, relative files are resolved", () => {
  const config = loadConfig({
    SHOPFLOW_POSTGRES_URL: "postgres://reader@db/shop",
    SHOPFLOW_MONGODB_URL: "file:exports/tickets.jsonl",
  }, "/shop");
  assert.equal(config.postgresUrl, "postgres://reader@db/shop");
  assert.equal(config.ticketsUrl, "file:/shop/exports/tickets.jsonl");
});

Deno.test("file:///path is an absolute path", () => {
  assert.equal(
    loadConfig({ SHOPFLOW_MONGODB_URL: "file:///data/t.jsonl" }, "/shop").ticketsUrl,
    "file:/data/t.jsonl",
  );
});

Deno.test("a shop without tickets, in another schema, with a mapping and a limit of wrong rows", () => {
  const config = loadConfig({
    SHOPFLOW_MONGODB_URL: "none",
    SHOPFLOW_POSTGRES_SCHEMA: "sales",
    SHOPFLOW_SOURCE_MAPPING: "shop.yaml",
    SHOPFLOW_QUARANTINE_LIMIT: "2.5%",
  }, "/shop");
  assert.equal(config.ticketsUrl, "none");
  assert.equal(config.postgresSchema, "sales");
  assert.equal(config.sourceMapping, "/shop/shop.yaml");
  assert.deepEqual(config.quarantineLimit, { rows: 0, share: 0.025 });
  assert.deepEqual(loadConfig({ SHOPFLOW_QUARANTINE_LIMIT: "500" }).quarantineLimit, { rows: 500, share: 0 });
  for (const wrong of ["many", "101%", "-1", "1.5"]) {
    assert.throws(() => loadConfig({ SHOPFLOW_QUARANTINE_LIMIT: wrong }), /SHOPFLOW_QUARANTINE_LIMIT/);
  }
});

Deno.test("a misspelt setting is refused with the names that exist", () => {
  assert.throws(() => loadConfig({ SHOPFLOW_POSTGRESS_URL: "x" }), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /SHOPFLOW_POSTGRES_URL/);
    assert.match(error.message, /found SHOPFLOW_POSTGRESS_URL/);
    return true;
  });
});

Deno.test("a URL of another kind is refused without showing its password", () => {
  for (const password of ["secret", "top@secret", "top/secret"]) {
    assert.throws(
      () => loadConfig({ SHOPFLOW_POSTGRES_URL: `mysql://root:${password}@db/shop` }),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, /starts with postgres: or postgresql: or pglite:/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  }
});

Deno.test("SHOPFLOW_PORT must be a port", () => {
  for (const value of ["eighty", "70000", "-1", "80.5"]) {
    assert.throws(() => loadConfig({ SHOPFLOW_PORT: value }), /whole number from 0 to 65535/);
  }
});

Deno.test("the lake may be in S3, at the top of a bucket or below", () => {
  for (const url of ["s3://my-lake", "s3://my-lake/shop/production"]) {
    assert.equal(loadConfig({ SHOPFLOW_LAKE: url }, "/shop").lakeUrl, url);
    assert.equal(loadConfig({ SHOPFLOW_LAKE: `${url}/` }, "/shop").lakeUrl, url);
  }
});

Deno.test("a lake's address that is neither a folder nor in S3 is refused without showing its password", () => {
  for (
    const url of [
      "gs://lake",
      "s3://",
      "s3://Lake",
      "s3://lake//deep",
      "s3://lake/../other",
      "s3://key:secret@lake",
    ]
  ) {
    assert.throws(() => loadConfig({ SHOPFLOW_LAKE: url }, "/shop"), (error) => {
      assert.ok(error instanceof ConfigError, url);
      assert.match(error.message, /SHOPFLOW_LAKE.*s3:\/\/bucket\/prefix/);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
});

Deno.test("sizes of caches must be a whole number of bytes", () => {
  assert.equal(loadConfig({ SHOPFLOW_CACHE_BYTES: "1000000" }, "/shop").cacheBytes, 1_000_000);
  assert.equal(loadConfig({ SHOPFLOW_FEATURE_CACHE_BYTES: "0" }).featureCacheBytes, 0);
  for (const value of ["10 GB", "-1", "1.5"]) {
    assert.throws(() => loadConfig({ SHOPFLOW_CACHE_BYTES: value }), /whole number of bytes/);
    assert.throws(() => loadConfig({ SHOPFLOW_FEATURE_CACHE_BYTES: value }), /whole number of bytes/);
  }
});

Deno.test("a program that a scheduler started knows its run and the data interval", () => {
  const { run } = loadConfig({
    SHOPFLOW_RUN: "refresh-data@2024-10-02T03:05Z",
    SHOPFLOW_DATA_INTERVAL: "2024-10-02T02:05Z/2024-10-02T03:05:00Z",
  });
  assert.deepEqual(run, {
    name: "refresh-data@2024-10-02T03:05Z",
    from: "2024-10-02T02:05:00.000Z",
    to: "2024-10-02T03:05:00.000Z",
  });
});

Deno.test("a run that is none, or has no interval, is refused with the form that is expected", () => {
  const RUN = "refresh-data@2024-10-02T03:05Z", INTERVAL = "2024-10-02T02:05Z/2024-10-02T03:05Z";
  for (const name of ["refresh-data", "@2024-10-02T03:05Z", "refresh-data@2024-02-31T03:05Z", "a b@x"]) {
    assert.throws(
      () => loadConfig({ SHOPFLOW_RUN: name, SHOPFLOW_DATA_INTERVAL: INTERVAL }),
      { name: "ConfigError", message: /Invalid SHOPFLOW_RUN: expected JOB@TIME/ },
      name,
    );
  }
  for (const interval of ["2024-10-02", "2024-10-02T03:06Z/2024-10-02T03:05Z", "2024-10-02T02:05Z/later"]) {
    assert.throws(
      () => loadConfig({ SHOPFLOW_RUN: RUN, SHOPFLOW_DATA_INTERVAL: interval }),
      { name: "ConfigError", message: /Invalid SHOPFLOW_DATA_INTERVAL: expected FROM\/TO/ },
      interval,
    );
  }
  assert.throws(() => loadConfig({ SHOPFLOW_RUN: RUN }), /found SHOPFLOW_RUN alone/);
  assert.throws(() => loadConfig({ SHOPFLOW_DATA_INTERVAL: INTERVAL }), /found SHOPFLOW_DATA_INTERVAL alone/);
});

Deno.test("the age at which data is stale must be a number of hours", () => {
  assert.equal(loadConfig({ SHOPFLOW_STALE_AFTER_HOURS: "1.5" }).staleAfterHours, 1.5);
  for (const value of ["two days", "0", "-1", "Infinity"]) {
    assert.throws(() => loadConfig({ SHOPFLOW_STALE_AFTER_HOURS: value }), /a number of hours above 0/);
  }
});

Deno.test("SHOPFLOW_MAX_CONNECTIONS must be a whole number above 0; without it the server decides", () => {
  assert.equal(loadConfig({}, "/shop").maxConnections, undefined);
  assert.equal(loadConfig({ SHOPFLOW_MAX_CONNECTIONS: "500" }, "/shop").maxConnections, 500);
  for (const value of ["0", "-1", "1.5", "many", "1e400"]) {
    assert.throws(() => loadConfig({ SHOPFLOW_MAX_CONNECTIONS: value }), /whole number above 0/);
  }
});

Deno.test("the time for which a lost source is tried again must be a number of seconds, up to a day", () => {
  for (const [value, seconds] of [["0", 0], ["2.5", 2.5], ["86400", 86_400], ["", 120]] as const) {
    assert.equal(loadConfig({ SHOPFLOW_RECONNECT_SECONDS: value }).reconnectSeconds, seconds);
  }
  for (const value of ["two minutes", "-1", "Infinity", "86401", "2m"]) {
    assert.throws(() => loadConfig({ SHOPFLOW_RECONNECT_SECONDS: value }), {
      name: "ConfigError",
      message: /Invalid SHOPFLOW_RECONNECT_SECONDS: expected a number from 0 \(never reconnect\) to 86400/,
    });
  }
});

Deno.test("a password that was put into a setting for a number is not shown", () => {
  for (
    const name of [
      "SHOPFLOW_CACHE_BYTES",
      "SHOPFLOW_MAX_CONNECTIONS",
      "SHOPFLOW_PORT",
      "SHOPFLOW_RECONNECT_SECONDS",
      "SHOPFLOW_STALE_AFTER_HOURS",
    ]
  ) {
    assert.throws(() => loadConfig({ [name]: "hunter2hunter2" }, "/shop"), {
      name: "ConfigError",
      message: new RegExp(`Invalid ${name}: .*found a text of 14 characters`),
    });
  }
});

Deno.test("the churn model looks 30, 60 or 90 days ahead, and tries a whole number of combinations", () => {
  const { churnHorizonDays, searchTrials } = loadConfig({
    SHOPFLOW_CHURN_HORIZON_DAYS: "30",
    SHOPFLOW_SEARCH_TRIALS: "40",
  });
  assert.deepEqual([churnHorizonDays, searchTrials], [30, 40]);
  assert.throws(() => loadConfig({ SHOPFLOW_CHURN_HORIZON_DAYS: "45" }), {
    name: "ConfigError",
    message: /Invalid SHOPFLOW_CHURN_HORIZON_DAYS: expected one of 30, 60, 90, found "45"/,
  });
  for (const wrong of ["-1", "2.5", "many"]) {
    assert.throws(() => loadConfig({ SHOPFLOW_SEARCH_TRIALS: wrong }), {
      name: "ConfigError",
      message: /Invalid SHOPFLOW_SEARCH_TRIALS: expected a whole number from 0 to 1000/,
    });
  }
});
