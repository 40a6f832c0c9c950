import assert from "node:assert/strict";
import { defineJobs } from "shopflow/jobs/mod.ts";
import { createApp } from "../../server/app.ts";
import { runTick, stepProgram } from "../../schedules/run_scheduler.ts";
import { withWebhook } from "../lib/jobs/alerts/webhook_server.ts";
import { ROOT, withLake } from "./schedule_fixture.ts";

Deno.test("why a run failed is the same sentence in the list, on its page, in the API and in the alert, without secrets", () =>
  withWebhook(({ url, posted }) =>
    withLake(async ({ store, config, runtime, clock, ledger }) => {
      const env = {
        SHOPFLOW_HOME: config.home,
        SHOPFLOW_LAKE: config.lakeUrl,
        // Nobody listens at port 9.
        SHOPFLOW_POSTGRES_URL: "postgres://shop:hunter2-secret@127.0.0.1:9/shop",
        NO_COLOR: "1",
      };
      const jobs = defineJobs(
        [{
          name: "refresh-data",
          description: "copy the sources",
          owner: "data-engineering",
          schedule: { cron: "5 * * * *" },
          steps: [{ pipeline: "extract" }, { pipeline: "transform" }],
          retries: { limit: 0 },
        }],
        { default: Infinity },
        { pipelines: ["extract", "transform"], notebooks: [], channels: ["operations"] },
      );
      const tick = () =>
        runTick({
          jobs,
          config: { ...config, alertChannels: [{ name: "operations", kind: "webhook", url }] },
          runtime,
          program: (step, execution) => {
            const call = stepProgram(step, execution);
            return { ...call, env: { ...call.env, ...env } };
          },
        });
      await tick();
      clock.ahead = 60 * 60_000;
      await tick();
      const [run] = await ledger.runs("refresh-data", new Date(0), runtime.now());
      assert.equal(run!.status, "failed");
      assert.match(run!.reason, /^extract: .*PostgreSQL.*127\.0\.0\.1:9.* cannot be reached.*ECONNREFUSED/);
      const cause = run!.reason;
      assert.doesNotMatch(cause, /exit code|\n|hunter2/);

      const app = createApp({ store, runtime, loopbackOnly: true });
      const text = async (path: string) =>
        (await (await app.request(path)).text()).replaceAll("&#39;", "'").replaceAll("&quot;", '"');
      const name = `/jobs/refresh-data/runs/${encodeURIComponent(run!.scheduledFor)}`;
      for (const path of ["/jobs", "/jobs/refresh-data", name, `/api${name}`]) {
        assert.ok((await text(path)).includes(cause.slice(0, 150)), path);
      }
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "schedules/jobs_main.ts", "runs", "refresh-data"],
        cwd: ROOT,
        env,
      }).output();
      assert.ok(new TextDecoder().decode(stdout).includes(cause), "in the terminal");
      assert.equal(posted.length, 1);
      assert.ok(posted[0]!.text.includes(cause), posted[0]!.text);
    })
  ));
