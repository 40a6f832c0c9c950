import { type Job, nextDue } from "shopflow/jobs/mod.ts";

/** The jobs as text for a terminal, in the order they are due. */
export function jobTable(jobs: readonly Job[], now: Date): string {
  const rows = jobs.map((job) => ({ job, due: nextDue(job.cron, now) }))
    .sort((a, b) => (a.due?.getTime() ?? Infinity) - (b.due?.getTime() ?? Infinity))
    .map(({ job, due }) => [
      job.name,
      job.cron,
      due === undefined ? "never" : due.toISOString().slice(0, 16).replace("T", " "),
      job.pipelines.join(", "),
      job.description,
    ]);
  const table = [["job", "cron (UTC)", "next due (UTC)", "pipelines", "what it does"], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd()).join("\n");
}
