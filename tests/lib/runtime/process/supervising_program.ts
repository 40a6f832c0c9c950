/**
 * Starts a supervised process with a child and a grandchild in a session of its own, prints their process IDs and its
 * mark, and runs until it is killed. Argument: the length of its lease in milliseconds, which it renews.
 */
import { startSupervised } from "shopflow/runtime/process/mod.ts";
import { takeLease } from "../../../fixtures/lease.ts";

const FAMILY = `sleep 300 & echo $!
setsid sleep 300 & echo $!
echo $$ $SUPERVISED_BY
wait`;

const lease = takeLease(Number(Deno.args[0]));
const supervised = await startSupervised(["sh", "-c", FAMILY], {
  cwd: ".",
  env: { PATH: Deno.env.get("PATH")! },
  lease,
});
setInterval(lease.renew, lease.leaseMs / 10);
supervised.child.stderr.cancel();
await supervised.child.stdout.pipeTo(Deno.stdout.writable);
