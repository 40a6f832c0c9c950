// Runs in the pages of jobs: it asks for the page again and takes over the parts that say `data-live`. What somebody is
// typing in is left alone. Without scripts, browsers load the whole page again (see `Layout`).
// @ts-check
/// <reference lib="dom" />
{
  const root = document.documentElement;

  /** @param {Element} log */
  const isAtEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < 40;

  /** @param {Element} log */
  const toEnd = (log) => {
    log.scrollTop = log.scrollHeight;
  };

  /** @param {Element} old @param {Element} fresh */
  const take = (old, fresh) => {
    if (old.innerHTML === fresh.innerHTML) return;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    if (focused?.matches("input, select, textarea")) return;
    const logs = [...old.querySelectorAll("[data-tail]")].map((log) =>
      isAtEnd(log) ? undefined : log.scrollTop
    );
    const scrolls = [...old.querySelectorAll(".scroll")].map((part) => part.scrollLeft);
    old.replaceChildren(...fresh.childNodes);
    old.querySelectorAll("[data-tail]").forEach((log, i) => {
      const top = logs[i];
      if (top === undefined) toEnd(log);
      else log.scrollTop = top;
    });
    old.querySelectorAll(".scroll").forEach((part, i) => {
      part.scrollLeft = scrolls[i] ?? 0;
    });
    const href = focused?.getAttribute("href");
    if (href) [...old.querySelectorAll("a")].find((a) => a.getAttribute("href") === href)?.focus();
  };

  const look = async () => {
    try {
      if (document.hidden) return;
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok) return;
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of document.querySelectorAll("[data-live]")) {
        const fresh = next.getElementById(old.id);
        if (fresh) take(old, fresh);
      }
      root.dataset.every = next.documentElement.dataset.every ?? "";
    } catch {
      // The server is away: the next look may find it.
    } finally {
      plan();
    }
  };

  const plan = () => {
    const seconds = Number(root.dataset.every);
    if (seconds > 0) setTimeout(look, seconds * 1000);
  };

  document.querySelectorAll("[data-tail]").forEach(toEnd);
  plan();
}
