/**
 * What a report's page may do. Its texts come from notebooks and the shop's data, so the page is made harmless three
 * times: outputs are escaped or sanitised when it is rendered; the policy in the page names its scripts by hash; and
 * the server's header puts it into a sandbox, an origin of its own without cookies, storage or other pages.
 */

/** The policy inside of the page, which holds where it is opened as a file, too. */
export function pagePolicy(scripts: string[]): string {
  return [
    "default-src 'none'",
    `script-src ${scripts.length === 0 ? "'none'" : scripts.map((hash) => `'${checked(hash)}'`).join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** The policy as a server's header, which knows more directives than a page may give itself. */
export function servedPagePolicy(scripts: string[]): string {
  const sandbox = ["sandbox", ...(scripts.length === 0 ? [] : ["allow-scripts"]), "allow-downloads"];
  return `${pagePolicy(scripts)}; frame-ancestors 'none'; ${sandbox.join(" ")}`;
}

/** Hashes are stored beside the page; nothing else may get into the policy. */
function checked(hash: string): string {
  if (/^sha256-[A-Za-z0-9+/]{43}=$/.test(hash)) return hash;
  throw new TypeError(`not the hash of a script: ${JSON.stringify(hash)}`);
}
