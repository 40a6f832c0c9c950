import assert from "node:assert/strict";
import { withTerminal } from "./jobs_terminal.ts";
import { ROOT } from "./schedule_fixture.ts";

Deno.test("deno task schedule --run asks for a run at the beginning, and is refused for a job that is none", {
  ignore: Deno.build.os === "windows",
}, () =>
  withTerminal(async ({ home, json }) => {
    const schedule = (job: string) =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "schedules/main.ts", "--shutdown-timeout", "60", "--run", job],
        cwd: ROOT,
        env: { SHOPFLOW_HOME: home, SHOPFLOW_LAKE: "", NO_COLOR: "1" },
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    const refused = await schedule("check-date").output();
    assert.equal(refused.code, 1);
    assert.match(new TextDecoder().decode(refused.stderr), /No such job.*Did you mean check-data/);

    const child = schedule("collect-garbage");
    const errors = child.stderr.text();
    let said = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      if (!said.includes("until Ctrl+C") && (said + text).includes("until Ctrl+C")) {
        while ((await json("runs", "collect-garbage"))[0]?.status !== "succeeded");
        child.kill("SIGTERM");
      }
      said += text;
    }
    assert.equal((await child.status).code, 0, await errors);
    await errors;
    assert.equal((await json("runs", "collect-garbage"))[0].trigger, "manual");
    assert.equal((await json("runs")).length, 1, "nothing else runs before it is due");
  }));
