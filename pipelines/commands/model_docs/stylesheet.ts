/** The page's look, that of the reports: light and dark, from 320 pixels upwards. */
export const STYLESHEET = `
:root {
  color-scheme: light dark;
  --ground: #fdfdfb; --surface: #ffffff; --line: #e4e5e1; --text: #1b1f24; --soft: #5d6670; --accent: #1f5f8b;
  --code: #f4f5f1; --edge: #b9c0c6; --warn: #8a5a00; --keyword: #8a3ffc; --string: #1a6b3c; --number: #a03e00;
  --source: #5d6670; --source-soft: #eef0ee; --staging: #8a5a00; --staging-soft: #fbf2df;
  --quality: #8a2f62; --quality-soft: #fbeaf3; --curated: #1f5f8b; --curated-soft: #e3f0f8;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", Georgia, serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --surface: #1b1f23; --line: #2d3338; --text: #e6e8ea; --soft: #a3abb3; --accent: #7cb8e4;
    --code: #1f2428; --edge: #4a535b; --warn: #e3b35c; --keyword: #c4a3ff; --string: #86d3a2; --number: #f0a878;
    --source: #a3abb3; --source-soft: #262b30; --staging: #e3b35c; --staging-soft: #33290f;
    --quality: #f29bc6; --quality-soft: #361c2a; --curated: #7cb8e4; --curated-soft: #16303f;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, .graph-frame:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.soft { color: var(--soft); margin: 0; }
.top, .columns { max-width: 88rem; margin: 0 auto; padding: 0 1.25rem; }
.top { padding-block: 2rem 1.25rem; }
h1 { font: 600 clamp(1.8rem, 5vw, 2.7rem)/1.15 var(--serif); letter-spacing: -.015em; margin: .3rem 0; }
h2 { font: 600 1.5rem/1.3 var(--serif); margin: 2.5rem 0 1rem; text-transform: capitalize; }
h2:first-child { margin-top: 0; }
h3 { font: 600 1.1rem/1.3 var(--mono); margin: 0; overflow-wrap: anywhere; }
.graph-frame { overflow-x: auto; border-block: 1px solid var(--line); background: var(--surface); padding: .75rem 1.25rem; }
.graph { display: block; margin: 0 auto; max-width: 100%; min-width: 64rem; height: auto; }
.edge { fill: none; stroke: var(--edge); stroke-width: 1.3; }
.node rect { stroke-width: 1.2; }
.node text { font: 500 12px var(--mono); }
.node.source rect { fill: var(--source-soft); stroke: var(--source); } .node.source text { fill: var(--source); }
.node.staging rect { fill: var(--staging-soft); stroke: var(--staging); } .node.staging text { fill: var(--staging); }
.node.quality rect { fill: var(--quality-soft); stroke: var(--quality); } .node.quality text { fill: var(--quality); }
.node rect { fill: var(--curated-soft); stroke: var(--curated); } .node text { fill: var(--curated); }
.node:hover rect, .node:focus rect { stroke-width: 2.4; }
.columns { display: grid; grid-template-columns: 15rem minmax(0, 1fr); gap: 2.5rem; padding-block: 2rem 4rem; }
nav { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow-y: auto; font-size: .9rem; }
nav details { margin-bottom: 1rem; }
nav summary { cursor: pointer; font-weight: 650; text-transform: capitalize; }
nav a { display: block; padding: .15rem 0 .15rem .9rem; text-decoration: none; font: 13px var(--mono); overflow-wrap: anywhere; }
.model { background: var(--surface); border: 1px solid var(--line); border-radius: 14px; padding: 1.15rem 1.25rem;
  margin-bottom: 1rem; scroll-margin-top: 1rem; }
.model:target { border-color: var(--accent); box-shadow: 0 0 0 2px var(--accent); }
.model > header { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; }
.model p { margin: .5rem 0; max-width: 50rem; }
.tag { font-size: .78rem; font-weight: 600; padding: .05rem .6rem; border-radius: 99px; background: var(--source-soft); color: var(--soft); }
.tag.staging { background: var(--staging-soft); color: var(--staging); } .tag.quality { background: var(--quality-soft); color: var(--quality); }
.tag.curated { background: var(--curated-soft); color: var(--curated); }
.facts { display: grid; gap: .35rem; margin: .75rem 0; font-size: .92rem; }
.facts div { display: grid; grid-template-columns: 9.5rem minmax(0, 1fr); gap: .75rem; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
.link { display: inline-block; margin-right: .8rem; font: 13px/1.6 var(--mono); }
.scroll { overflow-x: auto; margin: .75rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th { text-align: left; color: var(--soft); font-weight: 600; }
th, td { padding: .38rem .9rem .38rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
.type { font: 12.5px/1.7 var(--mono); color: var(--soft); white-space: nowrap; }
.test { display: inline-block; white-space: nowrap; margin: 0 .35rem .2rem 0; padding: 0 .5rem; border: 1px solid var(--line);
  border-radius: 99px; font-size: .8rem; color: var(--soft); }
.test.warn { color: var(--warn); border-style: dashed; }
code, pre { font-family: var(--mono); font-size: .86em; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 10px; padding: .8rem 1rem; overflow-x: auto; line-height: 1.5; }
summary { cursor: pointer; color: var(--accent); font-size: .92rem; }
.hljs-keyword, .hljs-built_in { color: var(--keyword); } .hljs-string { color: var(--string); }
.hljs-number, .hljs-literal { color: var(--number); } .hljs-comment { color: var(--soft); font-style: italic; }
@media (max-width: 56rem) {
  .columns { grid-template-columns: minmax(0, 1fr); gap: 1rem; }
  nav { position: static; max-height: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 0 1rem; }
  .facts div { grid-template-columns: minmax(0, 1fr); gap: 0; }
}
@media (max-width: 40rem) {
  .documented thead { display: none; }
  .documented tr { display: block; padding: .45rem 0; border-bottom: 1px solid var(--line); }
  .documented td { display: block; padding: 0; border: 0; }
  .documented td:nth-child(-n + 2) { display: inline-block; margin-right: .75rem; }
}
@media print { .columns { display: block; } nav { display: none; } .model { break-inside: avoid; } }
`;
