import { FINAL_STATUSES, type FinalStatus, type Job, type Slot } from "shopflow/jobs/mod.ts";
import { formatCount, textTable } from "../../pipelines/text_table.ts";
import { type Paint, STATUS_COLOURS } from "../commands/paint.ts";
import { localDay } from "./local_time.ts";

const LETTERS: Record<FinalStatus, string> = {
  succeeded: "·",
  late: "L",
  failed: "F",
  skipped: "S",
  replaced: "R",
  missed: "M",
};

const letter = (status: FinalStatus, paint: Paint) => paint(STATUS_COLOURS[status], LETTERS[status]);

/** A letter for each slot, by job and day. */
export function stripsText(jobs: readonly Job[], slots: Slot[], paint: Paint): string {
  const days = Map.groupBy(slots, ({ slot }) => localDay(new Date(slot)));
  const rows = [...days].map(([day, ofDay]) => [
    day,
    ...jobs.map(({ name }) =>
      ofDay.filter(({ job }) => job === name).map(({ status }) => letter(status as FinalStatus, paint)).join(
        "",
      )
    ),
  ]);
  const legend = FINAL_STATUSES.map((status) => `${letter(status, paint)} ${status}`).join("   ");
  return `${textTable([{ title: "" }, ...jobs.map(({ name }) => ({ title: name }))], rows)}\n\n${legend}`;
}

/** How many slots of each job ended how, with sums. */
export function tallyText(jobs: readonly Job[], slots: Slot[]): string {
  const count = (ofJob: Slot[]) => [
    ...FINAL_STATUSES.map((status) => {
      const found = ofJob.filter((slot) => slot.status === status).length;
      return found === 0 ? "" : formatCount(found);
    }),
    formatCount(ofJob.length),
  ];
  const rows = jobs.map(({ name }) => [name, ...count(slots.filter(({ job }) => job === name))]);
  const columns = ["job", ...FINAL_STATUSES, "slots"].map((title, i) => ({
    title,
    align: i === 0 ? "left" as const : "right" as const,
  }));
  return textTable(columns, [...rows, ["all", ...count(slots)]]);
}
