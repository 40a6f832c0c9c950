/**
 * Starts a guarded process with a child and a grandchild in a session of its own, prints their numbers and its mark,
 * and gives signs of life until it is killed. Argument: `aliveMs`.
 */
import { startGuarded } from "shopflow/runtime/mod.ts";

const FAMILY = `sleep 300 & echo $!
setsid sleep 300 & echo $!
echo $$ $GUARDED_PROCESSES
wait`;

const aliveMs = Number(Deno.args[0]);
const guarded = await startGuarded(["sh", "-c", FAMILY], {
  cwd: ".",
  env: { PATH: Deno.env.get("PATH")! },
  aliveMs,
});
setInterval(() => guarded.alive(), aliveMs / 10);
guarded.child.stderr.cancel();
await guarded.child.stdout.pipeTo(Deno.stdout.writable);
