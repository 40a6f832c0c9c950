import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";
import { at, failedAt, JOB, runAt } from "./hourly_job.ts";
import { withWebhook } from "./webhook_server.ts";
import { installation, titles, withInstallation } from "./installation.ts";

const minutesLater = (date: Date, minutes: number) => new Date(date.getTime() + minutes * 60_000);

Deno.test("a webhook that fails is tried again, later each time, and in order; nothing is repeated", () =>
  withInstallation(async ({ enqueue, open, posted, answer, clock, lines }) => {
    let asked = 0;
    answer.with = () => new Response(`no service T0SECRET ${asked++}`, { status: 503 });
    await enqueue([failedAt("09:00")]);
    const alerts = open();
    await alerts.review(JOB);
    await alerts.flush();
    await alerts.flush();
    assert.equal(asked, 1);
    assert.match(
      lines.join("\n"),
      /could not alert operations: the webhook at 127.0.0.1:\d+ answered 503: no service \*\*\* 0/,
    );
    assert.doesNotMatch(lines.join("\n"), /SECRET/);
    await enqueue([runAt("10:00")]);
    clock.now = at("10:15");
    await alerts.review(JOB);
    await alerts.flush();
    assert.equal(asked, 2);
    clock.now = minutesLater(clock.now, 0.75);
    await alerts.flush();
    assert.equal(asked, 2, "the second wait is longer than the first");
    delete answer.with;
    clock.now = minutesLater(clock.now, 1);
    await alerts.flush();
    assert.deepEqual(titles(posted).map((title) => title.split(":")[0]), ["Failed", "Recovered"]);
  }));

Deno.test("a webhook that answers never holds nobody up, and one that asks for a wait gets it", () =>
  withInstallation(async ({ enqueue, open, posted, answer, clock, lines }) => {
    let release!: () => void;
    const held = new Promise<void>((resolve) => release = resolve);
    answer.with = async () => {
      await held;
      return new Response("too late", { status: 500 });
    };
    await enqueue([failedAt("09:00")]);
    const impatient = open({}, undefined, 500);
    // The review is over while the webhook is still asked.
    await impatient.review(JOB);
    assert.equal(posted.length, 0);
    await impatient.flush();
    assert.match(lines.join("\n"), /cannot be reached: no answer within 0.5 s/);
    await impatient.close();
    release();
    const alerts = open();
    answer.with = () => new Response("slowly", { status: 429, headers: { "retry-after": "300" } });
    clock.now = minutesLater(clock.now, 1);
    await alerts.review(JOB);
    await alerts.flush();
    assert.match(lines.at(-1)!, /answered 429/);
    delete answer.with;
    clock.now = minutesLater(clock.now, 4);
    await alerts.flush();
    assert.equal(posted.length, 0);
    clock.now = minutesLater(clock.now, 1.1);
    await alerts.flush();
    assert.equal(posted.length, 1);
  }));

Deno.test("an alert that no channel takes within a day is dropped, which is logged", () =>
  withInstallation(async ({ enqueue, open, posted, answer, clock, lines }) => {
    answer.with = () => new Response("gone", { status: 410 });
    await enqueue([failedAt("09:00")]);
    const alerts = open();
    await alerts.review(JOB);
    await alerts.flush();
    delete answer.with;
    clock.now = minutesLater(clock.now, 25 * 60);
    await alerts.flush();
    assert.deepEqual(posted, []);
    assert.match(lines.join("\n"), /alert to operations dropped after 1 failed attempt$/m);
  }));

Deno.test("a scheduler that is killed while it sends loses nothing: another one sends it, after a while", () =>
  withInstallation(async ({ folder, url, enqueue, open, posted, answer, clock }) => {
    await enqueue([failedAt("09:00")]);
    const asked = Promise.withResolvers<void>();
    const killed = Promise.withResolvers<Response>();
    answer.with = () => {
      asked.resolve();
      return killed.promise;
    };
    const script = fileURLToPath(new URL("review_and_send.ts", import.meta.url));
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", script, folder, url, clock.now.toISOString()],
    }).spawn();
    await asked.promise;
    process.kill("SIGKILL");
    await process.status;
    killed.resolve(new Response("nobody hears this", { status: 500 }));
    delete answer.with;
    const other = open();
    await other.review(JOB);
    await other.flush();
    assert.deepEqual(posted, [], "the other one waits as long as the first may live");
    clock.now = minutesLater(clock.now, 2.1);
    await other.flush();
    assert.equal(posted.length, 1);
    await other.flush();
    assert.equal(posted.length, 1);
  }));

Deno.test("what was sent is not sent again when the lake could not be written then", () =>
  withTemporaryFolder((folder) =>
    withWebhook(async ({ url, posted, answer }) => {
      const { enqueue, open, close, clock } = installation(folder, url);
      const store = createDirectoryStore(folder);
      let full = false;
      const failing: ObjectStore = {
        ...store,
        putIfMatch: (...write) =>
          full ? Promise.reject(new Error("no space left")) : store.putIfMatch(...write),
      };
      answer.with = () => {
        full = true;
        return new Response("ok");
      };
      await enqueue([failedAt("09:00")]);
      const alerts = open({}, failing);
      await alerts.review(JOB);
      await alerts.flush();
      assert.equal(posted.length, 1);
      full = false;
      delete answer.with;
      clock.now = minutesLater(clock.now, 5);
      await alerts.flush();
      await open().flush();
      assert.equal(posted.length, 1);
      await close();
    })
  ));

Deno.test("what was found last is sent before a scheduler ends", () =>
  withInstallation(async ({ enqueue, open, posted }) => {
    await enqueue([failedAt("09:00")]);
    const alerts = open();
    void alerts.review(JOB);
    await alerts.close();
    assert.equal(posted.length, 1);
  }));
