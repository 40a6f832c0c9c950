/**
 * The peer: pg-boss on PostgreSQL, whose jobs do nothing. Started by ledger.ts with a JSON of {@linkcode PeerTask};
 * works until the queue is empty.
 */
import { PgBoss } from "pg-boss";

export interface PeerTask {
  connectionString: string;
  schema: string;
}

export const QUEUE = "nothing";
const ROOM = 20;

/** Opens a queue of its own. @param more Settings of the schedules' clock. */
export async function openQueue(task: PeerTask, more: object = {}): Promise<PgBoss> {
  const boss = new PgBoss({ ...task, max: ROOM, ...more });
  boss.on("error", (error) => {
    throw error;
  });
  await boss.start();
  return boss;
}

/** Puts jobs into a new queue, in batches as a scheduler that catches up would. */
export async function fillQueue(task: PeerTask, jobs: number): Promise<void> {
  const boss = await openQueue(task);
  await boss.createQueue(QUEUE);
  for (let left = jobs; left > 0; left -= 1000) {
    await boss.insert(QUEUE, Array.from({ length: Math.min(left, 1000) }, () => ({ data: {} })));
  }
  await boss.stop({ graceful: false });
}

/** Takes jobs and ends them one by one, several side by side. */
async function workOff(task: PeerTask) {
  const boss = await openQueue(task);
  let [ran, from, to] = [0, 0, 0];
  const work = async () => {
    for (let [job] = await boss.fetch(QUEUE); job !== undefined; [job] = await boss.fetch(QUEUE)) {
      to = Date.now();
      from ||= to;
      await boss.complete(QUEUE, job.id);
      ran++;
    }
  };
  await Promise.all(Array.from({ length: ROOM }, work));
  await boss.stop({ graceful: false });
  return { ran, from, to };
}

if (import.meta.main) {
  console.log(JSON.stringify(await workOff(JSON.parse(Deno.args[0]!))));
  Deno.exit();
}
