import assert from "node:assert/strict";
import { listSchedulers } from "shopflow/jobs/scheduler/mod.ts";
import { takeSchedulerLease } from "../../../../lib/jobs/scheduler/lease.ts";
import { createDirectoryStore, encodeJson } from "shopflow/lake/store/mod.ts";

Deno.test("schedulers live that said so lately, were have neither stopped nor lost their lease; damaged records are reported", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const store = createDirectoryStore(folder);
    const now = new Date("2024-10-02T06:00:00Z");
    const take = (id: string, secondsAgo: number) =>
      takeSchedulerLease(store, {
        id,
        owner: `${id}:1`,
        leaseMs: 30_000,
        now: () => new Date(now.getTime() - secondsAgo * 1000),
      });
    await take("lives", 80);
    await take("silent", 100);
    await (await take("stopped", 1)).release();
    await take("fenced", 1);
    const key = "leases/schedulers/fenced.json";
    const record = JSON.parse(new TextDecoder().decode((await store.get(key))!.body));
    await store.put(key, encodeJson({ ...record, fencedBy: "lives" }));
    await store.put("leases/schedulers/damaged.json", new TextEncoder().encode("{"));
    const unreadable: string[] = [];
    const found = await listSchedulers(store, now, (key) => unreadable.push(key));
    assert.deepEqual(found.map(({ id, alive }) => [id, alive]), [
      ["lives", true],
      ["silent", false],
      ["fenced", false],
      ["stopped", false],
    ]);
    assert.deepEqual(unreadable, ["leases/schedulers/damaged.json"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
