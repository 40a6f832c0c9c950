import assert from "node:assert/strict";
import { checkArguments, describeProgram, readTasks } from "../../../documentation/generate/programs.ts";

Deno.test("tasks are read with their program and the arguments that they give it", async () => {
  const tasks = new Map((await readTasks()).map((task) => [task.name, task]));
  assert.equal(tasks.get("pipeline")?.program, "pipelines/main.ts");
  assert.deepEqual(tasks.get("lab")?.given, ["lab"]);
  assert.equal(tasks.get("demo")?.program, undefined);
});

Deno.test("a program is described by its commands, arguments and options, and is not run", async () => {
  const program = await describeProgram("pipelines/commands/lake.ts");
  assert.ok(typeof program === "object");
  assert.equal(program.name, "deno task lake");
  const gc = program.commands.find(({ name }) => name === "gc");
  const keep = gc?.options.find(({ flags }) => flags.startsWith("--keep"));
  assert.ok(keep?.isRequired);
  assert.equal(gc?.options.find(({ flags }) => flags.startsWith("--older-than"))?.fallback, "24");
  const show = program.commands.find(({ name }) => name === "show");
  assert.deepEqual(show?.arguments[0]?.fallback, "current");
});

Deno.test("arguments are checked as the program would check them", async () => {
  const lists = [["gc", "--keep", "3"], ["gc", "--keep", "three"], ["show", "--unknown"], ["nothing"], [
    "show",
  ]];
  const problems = await checkArguments("pipelines/commands/lake.ts", lists);
  assert.equal(problems[0], null);
  assert.match(problems[1] ?? "", /--keep <number>/);
  assert.match(problems[2] ?? "", /unknown option '--unknown'/);
  assert.match(problems[3] ?? "", /unknown command 'nothing'/);
  assert.equal(problems[4], null);
});
