/** `deno task serve`: the report site and the scoring API on SHOPFLOW_HOST and SHOPFLOW_PORT. */
import { Command } from "commander";
import { type Config, loadConfig } from "shopflow/config/mod.ts";
import { runCommand, withLogLevel } from "shopflow/cli/mod.ts";
import { createAbsenceAlerts, openChannels } from "shopflow/jobs/alerts/mod.ts";
import { type ObjectStore, openStore } from "shopflow/lake/store/mod.ts";
import { modelsOf } from "shopflow/models/mod.ts";
import { readBusiness } from "shopflow/notebook/business_file.ts";
import { createRuntime, type Runtime } from "shopflow/runtime/mod.ts";
import { createApp } from "./app.ts";
import { createConnectionReport } from "./connections/connection_report.ts";
import { isThisMachine } from "./access/operator.ts";
import { listen } from "./listen.ts";

const SETTINGS = `
Settings (environment variables):
  SHOPFLOW_HOST     address to listen on (127.0.0.1)
  SHOPFLOW_PORT     port (8000)
  SHOPFLOW_API_KEY  key that requests must carry in x-api-key; needed when SHOPFLOW_HOST is not this machine only
  SHOPFLOW_OPERATOR_KEY  key of those who may start, cancel and pause runs at /jobs; without one they may when
                    SHOPFLOW_HOST is this machine only and there is no SHOPFLOW_API_KEY
  SHOPFLOW_PUBLIC_URL  where people reach the server; without an API key, requests must name its host, this machine
                    or an IP address
  SHOPFLOW_MAX_CONNECTIONS  most connections at a time (half of the descriptors that the process may open)
  SHOPFLOW_BUSINESS_FILE  what the business says of itself (<home>/business.json); answers of the API follow its
                    playbook as it was when the server started
  SHOPFLOW_HOME     folder of the embedded installation (.shopflow)
  SHOPFLOW_LAKE     the lake: a folder (<home>/lake) or s3://bucket/prefix, with the usual AWS variables`;

/** How often it is seen whether a scheduler lives. */
const WATCH_MS = 60_000;
/** Windows knows no SIGTERM. */
const SIGNALS: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];

if (import.meta.main) {
  await runCommand(async () => {
    const program = withLogLevel(new Command("deno task serve"))
      .description("Serve the published reports, the job pages and the API.")
      .addHelpText("after", SETTINGS)
      .allowExcessArguments(false)
      .showHelpAfterError("Settings are environment variables, e.g. SHOPFLOW_PORT=9000; --help lists them.")
      .action(serve);
    await program.parseAsync(Deno.args, { from: "user" });
  });
}

async function serve(): Promise<void> {
  const config = loadConfig();
  const runtime = createRuntime();
  const { apiKey, operatorKey, host, publicUrl, lateAfterHours, staleAfterHours } = config;
  const report = createConnectionReport(runtime.log);
  const store = openStore(config);
  const app = createApp({
    store,
    runtime,
    models: modelsOf(config, await readBusiness(config.businessFile)),
    business: () => readBusiness(config.businessFile),
    freshness: {
      ...(lateAfterHours !== undefined && { lateAfterHours }),
      ...(staleAfterHours !== undefined && { staleAfterHours }),
    },
    apiKey,
    operatorKey,
    loopbackOnly: isThisMachine(host),
    names: publicUrl === undefined ? [host] : [host, new URL(publicUrl).hostname],
    connections: report,
  });
  const server = await listen(app.fetch, config, { report, log: runtime.log });
  const stopWatching = watchSchedulers(config, store, runtime);
  const stopped = askedToStop();
  console.log(`ShopFlow is ready. Open

  ${server.url}/reports   reports for people
  ${server.url}/jobs      scheduled jobs and their run history
  ${server.url}/docs      the API
  ${server.url}/health    versions of data and models

Ctrl+C stops the server.`);
  // Loads models and scores now, so that the first request does not wait for it.
  const health = await app.request("/health");
  if (health.status === 503) runtime.log.warn(`no data to serve yet. ${(await health.json()).remedy}`);
  await stopped;
  runtime.log.info("stopping: open requests are finished first; a second signal stops the server at once");
  stopWatching();
  const cut = await server.stop();
  runtime.log.info(
    cut === 0 ? "stopped" : `stopped; connections cut before their answer was complete: ${cut}`,
  );
  // What an answer that was cut still waits for would keep the program running.
  Deno.exit(0);
}

/** Alerts that no scheduler lives come from here: schedulers that are gone cannot send them. */
function watchSchedulers(
  { alertChannels, publicUrl }: Pick<Config, "alertChannels" | "publicUrl">,
  store: ObjectStore,
  runtime: Runtime,
): () => void {
  const alerts = createAbsenceAlerts({ store, channels: openChannels(alertChannels), runtime, publicUrl });
  void alerts.check();
  const timer = setInterval(() => void alerts.check(), WATCH_MS);
  return () => clearInterval(timer);
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, stop);
      resolve();
    };
    for (const signal of SIGNALS) Deno.addSignalListener(signal, stop);
  });
}
