import type { Child } from "hono/jsx";
import { formatCount } from "shopflow/runtime/mod.ts";
import { Layout } from "../layout.tsx";
import STYLES from "../assets/report_pages.css" with { type: "text" };

/** Where a report's pages are; names and ids are letters, digits, `_`, `.` and `-`. */
export const reportPath = (name: string) => `/reports/${name}`;
export const runPath = (name: string, runId: string) => `/reports/${name}/runs/${runId}`;

interface FrameProps {
  title: string;
  /** The pages above this one. */
  path: { href: string; text: string }[];
  children: Child;
}

/** A page about a report: its runs, two of them, or a table of one. */
export function ReportFrame({ title, path, children }: FrameProps) {
  return (
    <Layout title={`${title} · ShopFlow`} here="reports" styles={STYLES}>
      <nav class="crumbs" aria-label="Breadcrumb">
        <a href="/reports">Reports</a>
        {path.map(({ href, text }) => (
          <>
            {" / "}
            <a href={href}>{text}</a>
          </>
        ))}
      </nav>
      <h1 class="title">{title}</h1>
      {children}
    </Layout>
  );
}

interface PagerProps {
  /** The page that is shown, from 1. */
  page: number;
  pages: number;
  /** How many there are in all, with their name. */
  total: string;
  href(page: number): string;
}

/** The ways to the other pages of a long table. */
export function Pager({ page, pages, total, href }: PagerProps) {
  if (pages <= 1) return null;
  return (
    <nav class="pager" aria-label="Pages of the table">
      {page > 1 && <a href={href(1)}>First</a>}
      {page > 1 && <a rel="prev" href={href(page - 1)}>Previous</a>}
      <span>
        Page {formatCount(page)} of {formatCount(pages)}, {total}
      </span>
      {page < pages && <a rel="next" href={href(page + 1)}>Next</a>}
      {page < pages && <a href={href(pages)}>Last</a>}
    </nav>
  );
}

/** A whole number above 0 of an address; what is none counts as 1. */
export function pageNumber(text: string | undefined): number {
  const page = Number(text ?? 1);
  return Number.isSafeInteger(page) && page > 0 ? page : 1;
}
