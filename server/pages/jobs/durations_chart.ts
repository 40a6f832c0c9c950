import type { TopLevelSpec as ChartSpec } from "vega-lite";
import { renderSvg } from "shopflow/notebook/charts/mod.ts";
import { isOpen, type Run, type ShownStatus, shownStatus } from "shopflow/jobs/mod.ts";
import { STATUS_COLOURS } from "./styles.ts";
import { durationMs, shortDateTime, statusLabel } from "./wording.ts";

/** Runs that the chart shows. */
const MOST_RUNS = 100;

/** A chart for wide and for narrow screens. */
export interface DurationsChart {
  wide: string;
  narrow: string;
  runs: number;
  /** What it shows, for those who don't see it. */
  label: string;
}

/** How long the last runs took, as bars in the colours of their statuses; undefined before the first run ended. */
export async function durationsChart(
  runs: Run[],
  now: Date,
): Promise<DurationsChart | undefined> {
  const ran = runs.filter((run) => !isOpen(run) && run.attempts.length > 0).slice(-MOST_RUNS);
  if (ran.length === 0) return undefined;
  const longest = Math.max(...ran.map((run) => durationMs(run, now)!));
  const { name: unit, ms } = UNITS.find(({ ms }) => longest >= 2 * ms) ?? UNITS.at(-1)!;
  const values = ran.map((run, i) => ({
    run: i,
    due: shortDateTime(new Date(run.scheduledFor), now),
    took: durationMs(run, now)! / ms,
    status: statusLabel(shownStatus(run)),
  }));
  const statuses = [...new Set(ran.map(shownStatus))].sort();
  const draw = (width: number, height: number) => renderSvg(spec(values, statuses, unit, height), { width });
  const failed = ran.filter(({ status }) => status === "failed").length;
  const median = values.map(({ took }) => took).sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  return {
    wide: await draw(1090, 190),
    narrow: await draw(345, 170),
    runs: ran.length,
    label: `Durations of the last ${ran.length} runs: median ${median.toPrecision(2)} ${unit}, ` +
      `longest ${(longest / ms).toPrecision(2)} ${unit}, ${failed} failed`,
  };
}

const UNITS = [
  { name: "hours", ms: 3_600_000 },
  { name: "minutes", ms: 60_000 },
  { name: "seconds", ms: 1000 },
  { name: "milliseconds", ms: 1 },
];

function spec(values: object[], statuses: ShownStatus[], unit: string, height: number): ChartSpec {
  const colours = statuses.map((status) => STATUS_COLOURS[status].ground);
  const x = {
    field: "run",
    type: "ordinal" as const,
    axis: { labels: false, ticks: false, title: "runs, newest at the right" },
  };
  const y = { field: "took", type: "quantitative" as const, title: unit };
  return {
    data: { values },
    height,
    layer: [
      {
        mark: { type: "bar" },
        encoding: {
          x,
          y,
          color: {
            field: "status",
            type: "nominal",
            scale: { domain: statuses.map(statusLabel), range: colours },
            legend: statuses.length > 1 ? { title: null, orient: "top" } : null,
          },
        },
      },
      {
        transform: [{ filter: "datum.status === 'failed'" }],
        mark: { type: "text", text: "✕", dy: -7, fontSize: 10, fontWeight: 700 },
        encoding: { x, y },
      },
    ],
  };
}
