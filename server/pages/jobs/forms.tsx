import type { Job } from "shopflow/jobs/mod.ts";
import type { Access } from "../../access/operator.ts";
import { addDays, utcDay } from "../../state/utc_days.ts";
import { jobPath } from "./cell.tsx";

interface ActionsProps {
  job: Job;
  paused: boolean;
  access: Access;
  now: Date;
}

/** Buttons of a job, for those who may press them. */
export function JobActions({ job, paused, access, now }: ActionsProps) {
  if (access.state === "off") return <ActionsOff remedy={access.remedy} />;
  const path = jobPath(job.name);
  const today = utcDay(now);
  return (
    <>
      <div class="actions">
        <form method="post" action={`${path}/run`}>
          <button class="main" type="submit">Run now</button>
        </form>
        {paused
          ? (
            <form method="post" action={`${path}/resume`}>
              <button type="submit">Resume</button>
            </form>
          )
          : (
            <details class="fold">
              <summary>Pause</summary>
              <form method="post" action={`${path}/pause`}>
                <label>
                  Reason
                  <input name="reason" maxlength={300} size={36} autocomplete="off" />
                </label>
                <button type="submit">Pause the job</button>
              </form>
            </details>
          )}
        {!("on" in job.schedule) && (
          <details class="fold">
            <summary>Backfill</summary>
            <form method="post" action={`${path}/backfill`}>
              <label>
                From
                <input type="date" name="from" value={addDays(today, -7)} max={today} required />
              </label>
              <label>
                To (inclusive)
                <input type="date" name="to" value={today} max={today} required />
              </label>
              {job.dependsOn.length > 0 && (
                <label>
                  Dependencies ({job.dependsOn.join(", ")})
                  <select name="dependencies">
                    <option value="wait">wait until they have succeeded</option>
                    <option value="run">also run those that have not succeeded</option>
                    <option value="ignore">ignore</option>
                  </select>
                </label>
              )}
              <button type="submit">Re-run failed and skipped runs</button>
              <p class="soft">
                Days in UTC. Runs that succeeded or are still open are left unchanged.
              </p>
            </form>
          </details>
        )}
      </div>
      <AccessNote access={access} />
    </>
  );
}

/** One button about a run. */
export function RunAction(
  { action, label, stop = false }: { action: string; label: string; stop?: boolean },
) {
  return (
    <form method="post" action={action}>
      <button class={stop ? "stop" : "main"} type="submit">{label}</button>
    </form>
  );
}

export function ActionsOff({ remedy }: { remedy: string }) {
  return <p class="soft note">Starting, cancelling and pausing runs is turned off here. {remedy}</p>;
}

export function AccessNote({ access }: { access: Access }) {
  if (access.state === "key needed") {
    return (
      <p class="soft note">Your browser will ask for your name and for the operator's key as the password.</p>
    );
  }
  if (access.state === "allowed") return <p class="soft note">Recorded as requested by {access.by}.</p>;
  return null;
}
