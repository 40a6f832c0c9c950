/**
 * The peer: graphile-worker on PostgreSQL, whose jobs do nothing. Started by ledger.ts with a JSON of
 * {@linkcode PeerTask}; works until the queue is empty.
 */
import { Logger, makeWorkerUtils, run } from "graphile-worker";

export interface PeerTask {
  connectionString: string;
  schema: string;
}

const ROOM = 20;

export const silent = new Logger(() => () => {});

/** Puts jobs into a new queue, in batches as a scheduler that catches up would. */
export async function fillQueue({ connectionString, schema }: PeerTask, jobs: number): Promise<void> {
  const utils = await makeWorkerUtils({ connectionString, schema, logger: silent });
  await utils.migrate();
  for (let left = jobs; left > 0; left -= 1000) {
    await utils.addJobs(
      Array.from({ length: Math.min(left, 1000) }, () => ({ identifier: "nothing", payload: {} })),
    );
  }
  await utils.release();
}

async function empty({ connectionString, schema }: PeerTask) {
  let [ran, from, to] = [0, 0, 0];
  let idle = 0;
  const runner = await run({
    connectionString,
    schema,
    logger: silent,
    noHandleSignals: true,
    concurrency: ROOM,
    pollInterval: 100,
    taskList: {
      nothing() {
        ran++;
        to = Date.now();
        from ||= to;
        return Promise.resolve();
      },
    },
  });
  for (let before = -1; idle < 3; before = ran) {
    idle = before === ran ? idle + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await runner.stop();
  return { ran, from, to };
}

if (import.meta.main) {
  console.log(JSON.stringify(await empty(JSON.parse(Deno.args[0]!))));
  Deno.exit();
}
