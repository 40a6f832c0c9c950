/**
 * Starts a guarded process with a child and a grandchild in a session of its own, prints their numbers and its mark,
 * until it is killed. Argument: the length of its lease in milliseconds, which it renews.
 */
import { startGuarded } from "shopflow/runtime/mod.ts";
import { takeLease } from "../../fixtures/lease.ts";

const FAMILY = `sleep 300 & echo $!
setsid sleep 300 & echo $!
echo $$ $GUARDED_PROCESSES
wait`;

const lease = takeLease(Number(Deno.args[0]));
const guarded = await startGuarded(["sh", "-c", FAMILY], {
  cwd: ".",
  env: { PATH: Deno.env.get("PATH")! },
  lease,
});
setInterval(lease.renew, lease.leaseMs / 10);
guarded.child.stderr.cancel();
await guarded.child.stdout.pipeTo(Deno.stdout.writable);
