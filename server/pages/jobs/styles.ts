import type { ShownStatus } from "shopflow/jobs/mod.ts";

/**
 * Colours of statuses, ground and sign. Told apart with the common colour-blindnesses: blue-green against
 * orange-red, after Okabe and Ito (2008); what is not a plain success has a sign too.
 */
export const STATUS_COLOURS: Record<ShownStatus, { ground: string; sign: string }> = {
  succeeded: { ground: "#0b7a63", sign: "#ffffff" },
  "sla-missed": { ground: "#e6b325", sign: "#1b1f24" },
  failed: { ground: "#c8400a", sign: "#ffffff" },
  skipped: { ground: "#d3d7db", sign: "#343b42" },
  superseded: { ground: "#8d4a91", sign: "#ffffff" },
  missed: { ground: "#3d444b", sign: "#ffffff" },
  running: { ground: "#2a6fb0", sign: "#ffffff" },
  queued: { ground: "#c6e2f5", sign: "#123a57" },
  waiting: { ground: "#e6f1f9", sign: "#123a57" },
};

const statusRules = Object.entries(STATUS_COLOURS)
  .map(([status, { ground, sign }]) => `.s-${status} { background: ${ground}; color: ${sign}; }`).join("\n");

/** What the pages of jobs have beyond the style of the site. */
export const JOB_STYLES = `
${statusRules}
.cell { display: inline-flex; align-items: center; justify-content: center; vertical-align: middle; width: 1.3rem; height: 1.3rem; border-radius: 5px;
  font: 700 .74rem/1 system-ui, sans-serif; text-decoration: none; flex: none; font-variant-numeric: tabular-nums; }
a.cell:hover { outline: 2px solid var(--text); outline-offset: 1px; }
a.cell:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.cell.s-queued, .cell.s-waiting { box-shadow: inset 0 0 0 1.5px #6aa3cc; }
.s-running { animation: breathe 2s ease-in-out infinite; }
@keyframes breathe { 50% { filter: brightness(1.25); } }
@media (prefers-reduced-motion: reduce) { .s-running { animation: none; } }
.strip { display: flex; flex-wrap: wrap; gap: 4px; list-style: none; margin: 0; padding: 0; }
.strip li { display: flex; }
.status { display: inline-block; font-size: .78rem; font-weight: 600; line-height: 1.5; padding: .05rem .6rem; border-radius: 99px;
  white-space: nowrap; }
.jobs { display: grid; gap: 1rem; }
.job { gap: .8rem; }
.job header { align-items: center; flex-wrap: wrap; justify-content: flex-start; gap: .4rem .75rem; }
.job h3 a { color: inherit; text-decoration: none; }
.job h3 a:hover { color: var(--accent); text-decoration: underline; }
.job .owner { margin-left: auto; font-size: .85rem; color: var(--soft); }
.row { display: grid; gap: .9rem 2rem; grid-template-columns: minmax(0, 1fr) 27rem; align-items: start; }
.when { display: grid; grid-template-columns: max-content 1fr; gap: .15rem .9rem; margin: 0; font-size: .9rem; }
.when dt { color: var(--soft); }
.when dd { margin: 0; font-variant-numeric: tabular-nums; }
.banner { display: flex; flex-wrap: wrap; align-items: baseline; gap: .3rem 1.5rem; border: 1px solid var(--line); border-radius: 14px;
  background: var(--surface); padding: .8rem 1.25rem; margin: 1.25rem 0; }
.banner.warn { border-color: #e6b325; box-shadow: inset 4px 0 0 #e6b325; }
.banner strong { font-weight: 650; }
.notice { border-radius: 10px; background: var(--accent-soft); padding: .7rem 1.1rem; margin: 1.25rem 0 0; font-weight: 500; }
.filters { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: end; margin: 0 0 1rem; }
.crumbs { margin: clamp(1.25rem, 3vw, 2rem) 0 0; font-size: .92rem; }
.crumbs ~ h1, .crumbs ~ .title h1 { margin-top: .6rem; }
.crumbs a { text-decoration: none; }
.title { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; }
.title h1 { overflow-wrap: anywhere; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 1.25rem 0 0; }
.actions form { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: end; }
label { display: grid; grid-template-columns: minmax(0, max-content); max-width: 100%; gap: .2rem; font-size: .82rem; color: var(--soft); }
input, select, button { font: inherit; color: inherit; border: 1px solid #8b949c; border-radius: 8px; background: var(--surface);
  padding: .4rem .75rem; min-height: 2.4rem; max-width: 100%; }
input, select { color: var(--text); }
button { cursor: pointer; font-weight: 600; color: var(--accent); border-color: var(--accent); }
button:hover { background: var(--accent-soft); }
button.main { background: var(--accent); color: var(--ground); }
button.main:hover { filter: brightness(1.1); }
button.stop { color: var(--bad); border-color: var(--bad); }
button.stop:hover { background: var(--bad-soft); }
input:focus-visible, select:focus-visible, button:focus-visible, summary:focus-visible, .scroll:focus-visible, pre:focus-visible {
  outline: 3px solid var(--accent); outline-offset: 2px; }
details.fold { border: 1px solid var(--line); border-radius: 10px; background: var(--surface); }
details.fold > summary { padding: .4rem .9rem; min-height: 2.4rem; }
details.fold[open] { flex-basis: 100%; }
details.fold > form { padding: .2rem .9rem .9rem; }
.calendar { border-collapse: separate; border-spacing: 0; width: auto; font-size: .8rem; }
.calendar th { font-weight: 500; padding: 0 .6rem 0 0; border: 0; white-space: nowrap; text-align: right; vertical-align: middle; }
.calendar thead th { padding: 0 0 .25rem; text-align: center; font-size: .72rem; }
.calendar td { border: 0; padding: 2px; text-align: center; vertical-align: middle; min-width: 1.55rem; height: 1.55rem; }
.scroll .calendar td:last-child { min-width: 1.55rem; }
.calendar .none { color: var(--line); }
.calendar.weeks { width: 100%; max-width: 46rem; table-layout: fixed; }
.calendar.weeks thead th { text-align: left; padding-left: .45rem; }
.calendar.weeks td { border: 1px solid var(--line); background: var(--surface); text-align: left; vertical-align: top; height: 3.6rem;
  padding: .3rem .4rem; }
.calendar.weeks td.out { background: none; }
.calendar.weeks .number { display: block; color: var(--soft); margin-bottom: .2rem; }
.calendar.weeks .strip { gap: 3px 4px; }
.legend { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; list-style: none; margin: .9rem 0 0; padding: 0; font-size: .82rem; color: var(--soft); }
.legend li { display: flex; align-items: center; gap: .4rem; }
.chart svg { max-width: 100%; height: auto; }
.chart .narrow { display: none; }
.two { display: grid; gap: 0 3rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.rules { margin: 0; }
.rules dt { font-weight: 600; margin-top: .6rem; }
.rules dd { margin: 0; color: var(--soft); }
.failures { list-style: none; margin: 0; padding: 0; }
#run { margin-top: 1.25rem; }
.failures li { border-bottom: 1px solid var(--line); padding: .6rem 0; }
.failures .meta { margin-bottom: .15rem; }
.reason { overflow-wrap: anywhere; }
.runs th { white-space: nowrap; }
.runs td { font-variant-numeric: tabular-nums; }
.runs td:not(.reason) { white-space: nowrap; }
.scroll .runs td.reason { min-width: 16rem; }
.steps { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; margin: 0; padding: 0; counter-reset: step; }
.steps li { border: 1px solid var(--line); border-radius: 99px; padding: .2rem .9rem .2rem .4rem; background: var(--surface); display: flex;
  align-items: center; gap: .5rem; }
.steps .cell { border-radius: 99px; }
.steps .open { box-shadow: inset 0 0 0 1.5px var(--line); color: var(--soft); }
.log { max-height: 32rem; overflow: auto; white-space: pre; overflow-wrap: normal; font-size: .8rem; }
.live { display: inline-flex; align-items: center; gap: .4rem; font-size: .82rem; color: var(--soft); }
@media (max-width: 60rem) { .row { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 40rem) {
  .chart .wide { display: none; } .chart .narrow { display: block; }
  .calendar.weeks td { padding: .2rem; } .calendar.weeks .number { font-size: .66rem; letter-spacing: -.02em; white-space: nowrap; margin: 0 0 .1rem; }
  .job .owner { margin-left: 0; }
}
`;
