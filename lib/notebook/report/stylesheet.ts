/** The look of a report: an article with figures, in system fonts, for screens, phones, dark rooms and paper. */
export const STYLESHEET = `
:root {
  --paper: #fdfdfb; --surface: #ffffff; --ink: #1b1f24; --muted: #5d6670; --faint: #8b949e;
  --line: #e4e5e1; --accent: #1f5f8b; --tint: #f4f5f1;
  --bad: #b3261e; --bad-tint: #fdf1ef; --bad-line: #efc4be;
  --keyword: #8a3ffc; --string: #1a7f37; --number: #b35900; --comment: #6e7781; --title: #0550ae;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --surface: #1b1f23; --ink: #e6e8ea; --muted: #a3abb3; --faint: #7a838c;
    --line: #2d3338; --accent: #7cb8e4; --tint: #1f2428;
    --bad: #ff8f85; --bad-tint: #2b1a19; --bad-line: #5c2f2b;
    --keyword: #c297ff; --string: #7ee2a0; --number: #ffb070; --comment: #8b949e; --title: #8cc4ff;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.65 var(--sans); }
a { color: var(--accent); text-underline-offset: .15em; text-decoration-thickness: 1px; }
.skip { position: absolute; left: -100vw; padding: .5rem 1rem; background: var(--surface); }
.skip:focus { left: .5rem; top: .5rem; z-index: 3; }
a:focus-visible, summary:focus-visible, button:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px; border-radius: 3px; }
code, pre { font-family: var(--mono); font-size: .86em; }
p code, li code, dd code, td code { background: var(--tint); padding: .1em .35em; border-radius: 4px; }

.masthead, .layout { max-width: 64rem; margin: 0 auto; padding: 0 1.5rem; }
.masthead { padding-top: clamp(2rem, 6vw, 4.5rem); padding-bottom: 1.75rem; }
.masthead::after { content: ""; display: block; height: 1px; background: var(--line); margin-top: 1.75rem; }
.kicker { margin: 0 0 .75rem; font-size: .8125rem; font-weight: 600; letter-spacing: .08em;
  text-transform: uppercase; color: var(--accent); }
h1 { margin: 0; font: 600 clamp(2rem, 5vw, 3.25rem)/1.12 var(--serif); letter-spacing: -.015em; text-wrap: balance; }
.summary { max-width: 44rem; margin: 1rem 0 0; font: 400 clamp(1.125rem, 2.2vw, 1.3rem)/1.5 var(--serif);
  color: var(--muted); text-wrap: pretty; }
.byline { display: flex; flex-wrap: wrap; gap: .35rem 1.5rem; margin: 1.25rem 0 0; font-size: .875rem; color: var(--muted); }
.byline strong { font-weight: 600; color: var(--ink); font-variant-numeric: tabular-nums; }

.layout { padding-bottom: 4rem; }
main { min-width: 0; max-width: 46rem; }
.contents { display: none; }
.contents-above { margin-bottom: 2rem; font-size: .9375rem; }
.contents-above summary { cursor: pointer; font-weight: 600; color: var(--muted); }
.contents-above ol { margin: .6rem 0 0; padding: 0 0 0 .9rem; list-style: none; border-left: 1px solid var(--line); }
.contents-above li { padding: .2rem 0; }
.contents-above .level-3 { padding-left: .9rem; }
@media (min-width: 70rem) {
  .layout { display: grid; grid-template-columns: minmax(0, 46rem) 1fr; gap: 3.5rem; }
  .contents-above { display: none; }
  .contents { display: block; order: 2; position: sticky; top: 2rem; align-self: start; max-height: calc(100vh - 4rem);
    overflow-y: auto; font-size: .875rem; line-height: 1.4; }
  .contents p { margin: 0 0 .6rem; font-weight: 600; color: var(--muted); }
  .contents ol { margin: 0; padding: 0; list-style: none; border-left: 1px solid var(--line); }
  .contents li { padding: .28rem 0 .28rem .9rem; }
  .contents .level-3 { padding-left: 1.8rem; }
  .contents a { color: var(--muted); text-decoration: none; }
  .contents a:hover { color: var(--accent); }
}

main > :first-child { margin-top: 0; }
h2 { margin: 3rem 0 .9rem; font: 600 1.625rem/1.25 var(--serif); letter-spacing: -.01em; scroll-margin-top: 1.5rem; }
h3 { margin: 2.25rem 0 .6rem; font: 600 1.125rem/1.35 var(--sans); scroll-margin-top: 1.5rem; }
h4 { margin: 1.75rem 0 .5rem; font-size: 1rem; }
p, ul, ol, blockquote { margin: 0 0 1.1rem; }
li { margin: .25rem 0; }
blockquote { margin-left: 0; padding-left: 1.1rem; border-left: 3px solid var(--line); color: var(--muted); }
hr { border: 0; border-top: 1px solid var(--line); margin: 2.5rem 0; }

.chart { margin: 1.6rem 0 .6rem; overflow-x: auto; }
.chart svg { display: block; max-width: 100%; height: auto; margin: 0 auto; color: var(--ink); }
.chart img { max-width: 100%; height: auto; border-radius: 4px; }
.chart.narrow { display: none; }
.chart-tooltip { position: fixed; z-index: 2; max-width: min(22rem, calc(100vw - 8px)); padding: .45rem .65rem; pointer-events: none;
  background: var(--surface); border: 1px solid var(--line); border-radius: 6px; box-shadow: 0 4px 16px rgb(0 0 0 / .18);
  font-size: .8125rem; line-height: 1.5; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.chart-tooltip span { color: var(--muted); margin-right: .6rem; }
.chart-tooltip strong { font-weight: 600; }
.chart-tooltip[hidden], .drawing[hidden] { display: none; }
.output-frame { display: block; width: 100%; margin: 1.4rem 0 .6rem; border: 1px solid var(--line); border-radius: 8px;
  resize: vertical; overflow: auto; color-scheme: light dark; }

.metrics { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .85rem; margin: 1.4rem 0; }
.metrics:has(> :nth-child(5)) { grid-template-columns: repeat(3, minmax(0, 1fr)); }
.metrics:has(> :nth-child(7)) { grid-template-columns: repeat(4, minmax(0, 1fr)); }
.metric { padding: .95rem 1.1rem 1rem; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }
.metric-label { font-size: .8125rem; line-height: 1.35; color: var(--muted); }
.metric-value { margin-top: .2rem; font-size: 1.5rem; font-weight: 650; line-height: 1.2; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.metric-note { margin-top: .25rem; font-size: .8125rem; line-height: 1.35; color: var(--muted); }

.table-scroll { overflow-x: auto; margin: 1.4rem 0 .6rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
.table-caption { margin: 1.4rem 0 -.6rem; font-size: .9375rem; font-weight: 600; line-height: 1.4; }
caption { padding-bottom: .6rem; text-align: left; font-weight: 600; }
th, td { padding: .5rem .8rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-size: .8125rem; font-weight: 600; color: var(--muted); white-space: nowrap; border-bottom-color: var(--faint); }
th:first-child, td:first-child { padding-left: .2rem; }
th:last-child, td:last-child { padding-right: .2rem; }
.sort { all: unset; cursor: pointer; box-sizing: border-box; }
.sort::after { content: "↕"; display: inline-block; width: 1em; margin-left: .25em; text-align: center; font-weight: 400; opacity: 0; }
.sort:hover::after, .sort:focus-visible::after { opacity: .6; }
[aria-sort] .sort { color: var(--ink); }
[aria-sort="ascending"] .sort::after { content: "↑"; opacity: 1; }
[aria-sort="descending"] .sort::after { content: "↓"; opacity: 1; }
.number .sort { margin-right: -1.25em; }
.data td { white-space: nowrap; }
.data .long { white-space: normal; min-width: 15rem; }
.number { text-align: right; white-space: nowrap; }
tbody tr:hover { background: var(--tint); }
.table-note { margin: .5rem 0 0; font-size: .8125rem; color: var(--muted); }

pre { margin: .8rem 0; padding: .85rem 1rem; overflow-x: auto; line-height: 1.5; tab-size: 2;
  background: var(--tint); border-radius: 8px; }
pre.stream, pre.result { background: none; padding: 0 0 0 .9rem; border-left: 2px solid var(--line); border-radius: 0;
  color: var(--muted); white-space: pre-wrap; overflow-wrap: anywhere; }
pre.stderr { border-left-color: var(--number); }
pre.code code { font-size: 1em; }
.fold { margin: 0 0 1.4rem; font-size: .9375rem; }
.fold summary { display: inline-flex; gap: .5rem; align-items: baseline; cursor: pointer; font-size: .8125rem;
  color: var(--muted); list-style: none; user-select: none; }
.fold summary::-webkit-details-marker { display: none; }
.fold summary::before { content: "›"; display: inline-block; transition: transform .15s; }
.fold[open] summary::before { transform: rotate(90deg); }
.fold summary:hover { color: var(--accent); }
.fold small { font-size: 1em; opacity: 0; transition: opacity .15s; }
.fold summary:hover small, .fold[open] small { opacity: 1; }

.hljs-keyword, .hljs-literal { color: var(--keyword); }
.hljs-string, .hljs-regexp { color: var(--string); }
.hljs-number { color: var(--number); }
.hljs-comment { color: var(--comment); font-style: italic; }
.hljs-title, .hljs-attr, .hljs-built_in { color: var(--title); }
.hljs-subst { color: inherit; }

.failure { margin: 0 0 2.5rem; padding: 1.25rem 1.4rem; background: var(--bad-tint); border: 1px solid var(--bad-line);
  border-left: 4px solid var(--bad); border-radius: 8px; }
.failure h2 { margin: 0 0 .4rem; color: var(--bad); }
.failure h3 { margin: 1.2rem 0 .4rem; font-size: 1rem; }
.failure pre { background: var(--surface); }
.error-message { overflow-wrap: anywhere; }
.error-message strong { color: var(--bad); }
.error-message strong::after { content: ":"; }
.traceback { white-space: pre-wrap; overflow-wrap: anywhere; }

.provenance { margin-top: 4rem; padding-top: 1.5rem; border-top: 1px solid var(--line); font-size: .9rem; line-height: 1.5; }
.provenance h2 { margin: 0 0 1rem; font: 600 1rem/1.3 var(--sans); letter-spacing: 0; color: var(--muted); }
.provenance dl { margin: 0; display: grid; gap: .6rem; }
.provenance dl > div { display: grid; grid-template-columns: 7rem 1fr; gap: 1rem; }
.provenance dt { color: var(--muted); }
.provenance dd { margin: 0; overflow-wrap: anywhere; }
.provenance small { font-size: 1em; color: var(--muted); }

@media (max-width: 36rem) {
  body { font-size: 1rem; }
  .masthead, .layout { padding-left: 1.1rem; padding-right: 1.1rem; }
  h2 { margin-top: 2.4rem; font-size: 1.4rem; }
  .chart.wide { display: none; }
  .chart.narrow { display: block; }
  .chart:not(.narrow) svg { max-width: none; }
  .metrics, .metrics:has(> :nth-child(5)) { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .6rem; }
  .metric { padding: .75rem .85rem; }
  .metric-value { font-size: clamp(1rem, 4.6vw, 1.35rem); }
  .provenance dl > div { grid-template-columns: 1fr; gap: 0; }
}
@media print {
  :root { --paper: #fff; --surface: #fff; --ink: #000; --muted: #444; --faint: #666; --line: #ccc; --tint: #f5f5f5; }
  body { font-size: 10.5pt; }
  .contents, .contents-above, .fold, .skip, .chart-tooltip { display: none; }
  .sort::after { display: none; }
  .table-scroll, .chart { overflow: visible; }
  .data td { white-space: normal; }
  .chart.wide { display: block; }
  .chart.narrow { display: none; }
  .chart, .metric, tr, .failure { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  a { color: inherit; }
}
`.trim();
