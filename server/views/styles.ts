/** Styles of the server's own pages: system fonts, light and dark, from 320 pixels upwards. */
export const STYLES = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --surface: #ffffff; --line: #dfe3e9; --text: #17202c; --soft: #5a6675;
  --accent: #0b6e5b; --accent-soft: #e2f3ee; --bad: #b3261e; --bad-soft: #fce8e6; --code: #f0f2f5;
  --shadow: 0 1px 2px rgb(20 30 45 / .06), 0 4px 16px rgb(20 30 45 / .05);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151b; --surface: #19202a; --line: #2c3643; --text: #e8edf3; --soft: #9aa7b6;
    --accent: #56c9ae; --accent-soft: #153a33; --bad: #ff9a91; --bad-soft: #46201d; --code: #111821;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
a { color: var(--accent); }
a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.page { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem 4rem; }
.top { border-bottom: 1px solid var(--line); background: var(--surface); }
.top .page { display: flex; align-items: center; justify-content: space-between; gap: 1rem; padding-block: .8rem; }
.brand { display: flex; align-items: center; gap: .55rem; font-weight: 700; font-size: 1.05rem;
  color: var(--text); text-decoration: none; letter-spacing: -.01em; }
.brand svg { width: 1.5rem; height: 1.5rem; flex: none; }
.top nav { display: flex; gap: 1.25rem; }
.top nav a { color: var(--soft); text-decoration: none; font-weight: 500; }
.top nav a[aria-current], .top nav a:hover { color: var(--accent); }
h1 { font-size: clamp(1.6rem, 1.2rem + 2vw, 2.2rem); line-height: 1.2; letter-spacing: -.02em; margin: 2.2rem 0 .4rem; }
h2 { font-size: 1.2rem; letter-spacing: -.01em; margin: 2.8rem 0 1rem; }
h3 { font-size: 1.05rem; margin: 0; line-height: 1.35; }
p { margin: .4rem 0; }
.soft { color: var(--soft); }
.lead { color: var(--soft); font-size: 1.05rem; max-width: 46rem; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); }
.card { display: flex; flex-direction: column; gap: .55rem; background: var(--surface); border: 1px solid var(--line);
  border-radius: 14px; padding: 1.15rem 1.25rem; box-shadow: var(--shadow); min-width: 0; }
a.card { color: inherit; text-decoration: none; transition: border-color .15s, transform .15s; }
a.card:hover { border-color: var(--accent); transform: translateY(-1px); }
.card header { display: flex; align-items: flex-start; justify-content: space-between; gap: .75rem; }
.card .headline { font-size: 1rem; margin: 0; }
.card footer { margin-top: auto; padding-top: .4rem; }
.tag { flex: none; font-size: .78rem; font-weight: 600; line-height: 1.5; padding: .05rem .6rem; border-radius: 99px;
  background: var(--accent-soft); color: var(--accent); }
.tag.bad { background: var(--bad-soft); color: var(--bad); }
.meta { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem; color: var(--soft); margin: 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .75rem 1.25rem; margin: 0; }
.facts div { min-width: 0; }
.facts dt { font-size: .8rem; color: var(--soft); overflow-wrap: anywhere; }
.facts dd { margin: 0; font-weight: 650; font-size: 1.15rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86em; }
code { background: var(--code); padding: .1em .35em; border-radius: 5px; overflow-wrap: anywhere; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 10px; padding: .8rem 1rem; margin: .3rem 0;
  overflow-x: auto; line-height: 1.5; }
pre code { background: none; padding: 0; overflow-wrap: normal; font-size: 1em; }
.empty { border: 1.5px dashed var(--line); border-radius: 14px; padding: 2rem 1.5rem; text-align: center; }
.empty pre { display: inline-block; max-width: 100%; text-align: left; }
.method { font-weight: 700; color: var(--accent); margin-right: .5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; }
details summary { cursor: pointer; color: var(--accent); font-weight: 500; }
.bottom { color: var(--soft); font-size: .85rem; border-top: 1px solid var(--line); margin-top: 3.5rem; padding-top: 1rem; }
`;
