/** Schedules on a small file system that gets full meanwhile; started by takeover_test.ts. */
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { jobSet, waitUntilIdle, withWorld } from "./scheduler_fixture.ts";

const [folder] = Deno.args;
const HOUR = 60 * 60 * 1000;
const filler = `${folder}/filler`;

await withWorld(jobSet([{ catchup: { runs: "all" } }]), async (world) => {
  const scheduler = await world.scheduler();
  world.pass(HOUR / 2);
  await scheduler.round();
  await fill();
  await world.held[0]!.finish();
  for (let i = 0; i < 2; i++) {
    world.pass(HOUR);
    await scheduler.round(true);
    await scheduler.keepAlive();
  }
  const duringFull = await world.runs();
  await Deno.remove(filler);
  // The end of the run is written down as soon as it can be.
  while ((await world.runs())[0] === "08:00 running") await waitUntilIdle();
  for (let i = 0; i < 4; i++) {
    await scheduler.keepAlive();
    await scheduler.round(true);
    await world.held[0]?.finish();
  }
  console.log(world.log.join("\n"));
  console.log(`RESULT ${JSON.stringify({ duringFull, after: await world.runs() })}`);
}, { store: createDirectoryStore(folder!) });

async function fill(): Promise<void> {
  using file = await Deno.open(filler, { write: true, create: true });
  try {
    for (;;) await file.write(new Uint8Array(4096));
  } catch (error) {
    if (!/No space left/.test((error as Error).message)) throw error;
  }
}
