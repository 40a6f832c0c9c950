import type { HttpProblem } from "../problems.ts";
import type { Child } from "hono/jsx";
import FRESHNESS_STYLES from "./assets/freshness.css" with { type: "text" };
import SITE_STYLES from "./assets/site.css" with { type: "text" };
import { FreshnessPlace } from "./freshness.tsx";
import { LIVE_SCRIPT } from "./live_script.ts";

interface LayoutProps {
  title: string;
  /** The page of the navigation that this is. */
  here?: "reports" | "customers" | "models" | "offers" | "experiments" | "jobs" | "docs";
  /** Rules beside those of all pages. */
  styles?: string;
  /** After so many seconds the page looks what is new; its parts with `data-live` change. */
  every?: number | undefined;
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
        <style dangerouslySetInnerHTML={{ __html: SITE_STYLES + FRESHNESS_STYLES + styles }} />
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
              <a href="/customers" aria-current={current("customers")}>Customers</a>
              <a href="/models" aria-current={current("models")}>Models</a>
              <a href="/offers" aria-current={current("offers")}>Offers</a>
              <a href="/experiments" aria-current={current("experiments")}>Experiments</a>
              <a href="/jobs" aria-current={current("jobs")}>Jobs</a>
              <a href="/docs" aria-current={current("docs")}>API</a>
            </nav>
          </div>
        </header>
        <FreshnessPlace />
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

/** What went wrong and what to do, for people. */
export function renderProblemPage({ status, problem, expected, found, remedy }: HttpProblem): string {
  return renderPage(
    <Layout title={`${problem} · ShopFlow`}>
      <h1>{problem}</h1>
      {expected && <p>Expected: {expected}</p>}
      {found && (
        <p>
          {status === 404 ? "Requested" : "Found"}: <code>{found}</code>
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
