import type { Child } from "hono/jsx";
import { LIVE_SCRIPT } from "./jobs/live_script.ts";
import type { HttpProblem } from "../problems.ts";

/** The look of the server's own pages, that of the reports: light and dark, from 320 pixels upwards. */
const STYLES = `
:root {
  color-scheme: light dark;
  --ground: #fdfdfb; --surface: #ffffff; --line: #e4e5e1; --text: #1b1f24; --soft: #5d6670;
  --accent: #1f5f8b; --accent-soft: #e8f1f7; --bad: #b3261e; --bad-soft: #fdf1ef; --code: #f4f5f1;
  --shadow: 0 1px 2px rgb(27 31 36 / .05), 0 6px 20px rgb(27 31 36 / .04);
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", Georgia, serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --surface: #1b1f23; --line: #2d3338; --text: #e6e8ea; --soft: #a3abb3;
    --accent: #7cb8e4; --accent-soft: #1d2f3c; --bad: #ff8f85; --bad-soft: #2b1a19; --code: #1f2428;
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
h1 { font: 600 clamp(2rem, 5vw, 2.9rem)/1.15 var(--serif); letter-spacing: -.015em; margin: clamp(1.75rem, 5vw, 3.25rem) 0 .5rem; }
h2 { font: 600 1.45rem/1.3 var(--serif); letter-spacing: -.01em; margin: 2.75rem 0 1rem; }
h3 { font: 600 1.2rem/1.3 var(--serif); margin: 0; }
p { margin: .4rem 0; }
.soft { color: var(--soft); }
.lead { color: var(--soft); font-size: 1.05rem; max-width: 46rem; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15.5rem), 1fr)); }
.grid.wide { grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); }
.card { display: flex; flex-direction: column; gap: .55rem; background: var(--surface); border: 1px solid var(--line);
  border-radius: 14px; padding: 1.15rem 1.25rem; box-shadow: var(--shadow); min-width: 0; }
a.card { color: inherit; text-decoration: none; transition: border-color .15s, transform .15s; }
a.card:hover { border-color: var(--accent); transform: translateY(-1px); }
.card header { display: flex; align-items: flex-start; justify-content: space-between; gap: .75rem; }
.card .summary { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 6; overflow: hidden; }
.card p { overflow-wrap: anywhere; }
.card footer { margin-top: auto; padding-top: .4rem; }
.tag { flex: none; font-size: .78rem; font-weight: 600; line-height: 1.5; padding: .05rem .6rem; border-radius: 99px;
  background: var(--accent-soft); color: var(--accent); }
.tag.bad { background: var(--bad-soft); color: var(--bad); }
.meta { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem; color: var(--soft); margin: 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .75rem 1.25rem; margin: 0; }
.facts div { min-width: 0; }
.facts dt { font-size: .8rem; color: var(--soft); overflow-wrap: anywhere; }
.facts dd { margin: 0; font-weight: 650; font-size: 1.15rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.facts small { display: block; font-size: .8rem; font-weight: 400; color: var(--soft); }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86em; }
code { background: var(--code); padding: .1em .35em; border-radius: 5px; overflow-wrap: anywhere; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 10px; padding: .8rem 1rem; margin: .3rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.5; }
pre code { background: none; padding: 0; font-size: 1em; }
.empty { border: 1.5px dashed var(--line); border-radius: 14px; padding: 2rem 1.5rem; text-align: center; }
.empty pre { display: inline-block; max-width: 100%; text-align: left; }
.method { font-weight: 700; color: var(--accent); margin-right: .5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
.scroll code { white-space: nowrap; }
.scroll td:last-child { min-width: 12rem; }
th, td { text-align: left; padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; padding-right: 0; font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 600; }
.note { margin-top: 1rem; }
details summary { cursor: pointer; color: var(--accent); font-weight: 500; }
`;

interface LayoutProps {
  title: string;
  /** The page of the navigation that this is. */
  here?: "reports" | "jobs" | "docs";
  /** Rules beside those of all pages. */
  styles?: string;
  /** After so many seconds the page looks what is new; its parts with `data-live` change. */
  every?: number;
  children: Child;
}

/** Frame of the server's own pages. */
export function Layout({ title, here, styles = "", every, children }: LayoutProps) {
  const current = (page: string) => page === here ? "page" : undefined;
  return (
    <html lang="en" data-every={every}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <link rel="icon" href={ICON} />
        <style dangerouslySetInnerHTML={{ __html: STYLES + styles }} />
        {every !== undefined && (
          <noscript>
            <meta http-equiv="refresh" content={String(Math.max(5, every))} />
          </noscript>
        )}
      </head>
      <body>
        <header class="top">
          <div class="page">
            <a class="brand" href="/reports">
              <Mark />
              ShopFlow
            </a>
            <nav aria-label="Main">
              <a href="/reports" aria-current={current("reports")}>Reports</a>
              <a href="/jobs" aria-current={current("jobs")}>Jobs</a>
              <a href="/docs" aria-current={current("docs")}>API</a>
            </nav>
          </div>
        </header>
        <main class="page">{children}</main>
        {every !== undefined && <script dangerouslySetInnerHTML={{ __html: LIVE_SCRIPT }} />}
      </body>
    </html>
  );
}

/** A page as a document. */
export function renderPage(page: Child): string {
  return `<!doctype html>\n${page}\n`;
}

/** Three rising bars joined by a flow. */
function Mark() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <rect x="1" y="1" width="22" height="22" rx="6" fill="#1f5f8b" />
      <path d="M7 17v-3M12 17v-6M17 17V8" stroke="#fff" stroke-width="2.4" stroke-linecap="round" />
    </svg>
  );
}

const ICON = `data:image/svg+xml,${
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect x="1" y="1" width="22" height="22" rx="6" ' +
      'fill="#1f5f8b"/><path d="M7 17v-3M12 17v-6M17 17V8" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/></svg>',
  )
}`;

/** What went wrong and what to do, for people. */
export function renderProblemPage({ status, problem, expected, found, remedy }: HttpProblem): string {
  return renderPage(
    <Layout title={`${problem} · ShopFlow`}>
      <h1>{problem}</h1>
      {expected && <p>Expected: {expected}</p>}
      {found && (
        <p>
          {status === 404 ? "Asked for" : "Found"}: <code>{found}</code>
        </p>
      )}
      {remedy && <p class="lead">{remedy}</p>}
      <p class="soft">Status {status}</p>
      <p>
        <a href="/reports">All reports</a>, <a href="/jobs">all jobs</a>
      </p>
    </Layout>,
  );
}
