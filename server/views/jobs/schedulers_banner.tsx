import type { KnownScheduler } from "shopflow/jobs/mod.ts";
import { relativeTime } from "./job_wording.ts";

/** How many schedulers live, or that none does. */
export function SchedulersBanner({ schedulers, now }: { schedulers: KnownScheduler[]; now: Date }) {
  const alive = schedulers.filter((scheduler) => scheduler.alive);
  if (alive.length === 0) {
    const last = schedulers.map(({ beatAt }) => beatAt).sort().at(-1);
    return (
      <div class="banner warn" role="status">
        <strong>No scheduler runs.</strong>
        <span>
          Nothing starts until one does: <code>deno task schedule</code>
        </span>
        {last !== undefined && (
          <span class="soft">The last one was heard of {relativeTime(new Date(last), now)}.</span>
        )}
      </div>
    );
  }
  return (
    <div class="banner">
      <strong>{alive.length === 1 ? "1 scheduler lives" : `${alive.length} schedulers live`}</strong>
      {alive.slice(0, 5).map(({ id, owner, startedAt }) => (
        <span key={id} class="soft">
          <code>{owner}</code> started {relativeTime(new Date(startedAt), now)}
        </span>
      ))}
      {alive.length > 5 && <span class="soft">and {alive.length - 5} more</span>}
    </div>
  );
}
