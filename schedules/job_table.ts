import { type Job, nextDue, stepName } from "shopflow/jobs/mod.ts";

/** The jobs as text for a terminal, in the order they are due. */
export function jobTable(jobs: readonly Job[], now: Date): string {
  const rows = jobs.map((job) => ({
    job,
    due: "on" in job.schedule ? undefined : nextDue(job.schedule, now),
  }))
    .sort((a, b) => (a.due?.getTime() ?? Infinity) - (b.due?.getTime() ?? Infinity))
    .map(({ job, due }) => [
      job.name,
      scheduleText(job),
      due === undefined ? "when it is published" : due.toISOString().slice(0, 16).replace("T", " "),
      job.steps.map(stepName).join(", "),
      job.description,
    ]);
  const table = [["job", "schedule", "next due (UTC)", "steps", "what it does"], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()).join("\n");
}

/** When a job is due, e.g. `0 7 * * MON Europe/Berlin`. */
export function scheduleText({ schedule }: Pick<Job, "schedule">): string {
  return "on" in schedule ? "on a new snapshot" : `${schedule.cron} ${schedule.timeZone}`;
}
