/** What a secret is replaced by. */
const MASK = "***";
/** Shorter values are found everywhere. */
const SHORTEST = 4;
/** What else may be a name stands for itself from this length on. */
const TOKEN_LENGTH = 16;
/** Variables whose names tell that their value is a secret. */
const SECRET_NAME = /KEY|SECRET|TOKEN|PASS(WORD|WD|PHRASE|_|$)|CREDENTIAL|WEBHOOK|ALERT_CHANNELS/i;
/** Names of this kind tell where a secret is, not what it is. */
const PLACE_NAME = /_(FILE|PATH|DIR|FOLDER)$/i;
const MOST_ROUNDS = 10;
/** Words that stand in the place of a secret where there is none, and everywhere else. */
const WORDS = new Set(
  ("auto basic bearer debug default disabled enabled false info local localhost none null optional " +
    "password prefer required secret test token true undefined user warn").split(" "),
);
/** Anything of the form of a URL, as it stands in a text. */
const URLS = /[a-z][a-z0-9+.-]*:\/\/[^\s"'<>`\\]+/gi;

/** As drivers of databases take it, in a URL or without one. */
const PASSWORD_SETTING = /\bpass(?:word|wd)?\s*=\s*(?:'([^']*)'|([^\s&;'"]+))/gi;

/** A user's password in a URL, whosoever it is. It may have an @ of its own. */
const PASSWORD_IN_URL = /\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:@/?#"']*:)[^\s/?#"']+@/gi;
/** Secrets among the parameters of a URL. */
const PARAMETER =
  /([?&](?:[\w.-]*(?:password|passwd|secret|token|signature)|sig|api[-_]?key|key)=)[^&\s"'#]+/gi;

/**
 * Makes the function that takes the secrets of an environment out of lines of text: values of variables whose names
 * tell so, passwords in URLs of all variables, and the paths of the alert channels' webhooks; as they are, and as
 * they are written in URLs and JSON. Passwords of other URLs go as well. A value that is shorter than four
 * characters, a number of less than eight digits or an ordinary setting (`true`, `default`) is no secret, nor is a
 * password in a URL that is its user, host or database as well.
 *
 * The function is for one line at a time: of a secret of several lines each one is masked.
 */
export function createMask(env: Record<string, string | undefined>): (line: string) => string {
  const forms = new Set(secretsIn(env).flatMap(formsOf).filter(isTelling));
  // The longest first: one may begin with another.
  const sorted = [...forms].sort((a, b) => b.length - a.length);
  const known = sorted.length === 0 ? undefined : new RegExp(sorted.map(escaped).join("|"), "g");
  const maskOnce = (line: string) => {
    const without = known === undefined ? line : line.replace(known, MASK);
    return without.includes("=") || without.includes("://")
      ? without.replace(PASSWORD_IN_URL, `$1${MASK}@`).replace(PARAMETER, `$1${MASK}`)
      : without;
  };
  return (line) => {
    // Again, where what is left of a line with what replaces a secret makes up another one.
    for (let round = 0, before = ""; round < MOST_ROUNDS && line !== before; round++) {
      before = line;
      line = maskOnce(before);
    }
    return line;
  };
}

function secretsIn(env: Record<string, string | undefined>): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (!value) return [];
    const isSecret = SECRET_NAME.test(name) && !PLACE_NAME.test(name);
    const urls = [value, ...value.split(/[,;|]/)].flatMap((text) => text.match(URLS) ?? []);
    // As a whole, since a password in it may contain what ends a URL in a text.
    if (/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(value)) urls.push(value);
    const found = [
      ...urls.flatMap((url) => secretsOfUrl(url, isSecret)),
      ...[...value.matchAll(PASSWORD_SETTING)].map(([, inQuotes, bare]) => inQuotes ?? bare ?? ""),
    ];
    return isSecret ? [value, ...partsOf(value), ...found] : found;
  });
}

/** Password, a token in its place, and of a secret URL, such as a webhook's, the path with its parameters. */
function secretsOfUrl(url: string, isSecret: boolean): string[] {
  const [scheme, rest = ""] = [url.slice(0, url.indexOf("://")), url.slice(url.indexOf("://") + 3)];
  const path = rest.match(/[/?#].*$/)?.[0] ?? "";
  const tokens = path.split(/[/?&=#]/).filter((part) => part.length >= TOKEN_LENGTH);
  const found = isSecret ? [path, ...tokens] : [];
  // A password may have an @ or a slash of its own, though it should not.
  const ends = [rest.slice(0, rest.length - path.length).lastIndexOf("@"), rest.lastIndexOf("@")];
  for (const at of new Set(ends.filter((end) => end > 0))) {
    const [user = "", ...passwords] = rest.slice(0, at).split(":");
    const password = passwords.join(":");
    const isToken = /^https?$/i.test(scheme) && user.length >= TOKEN_LENGTH && !/[/?#]/.test(user);
    if (password === "") found.push(...isToken ? [user] : []);
    // A password that is a name of the URL as well would make holes everywhere.
    else if (!user.includes("/") && !namesIn(user, rest.slice(at + 1)).includes(password)) {
      found.push(password);
    }
  }
  return found;
}

/** User, host and database. */
const namesIn = (user: string, afterUser: string) => [user, ...afterUser.split(/[:/?#]/)];

/** Texts within JSON, or what a list separated by commas, semicolons or spaces has, `name:key` or `name=key` split. */
function partsOf(value: string): string[] {
  if (/^\s*[[{]/.test(value)) {
    const texts: string[] = [];
    try {
      JSON.parse(value, (key, inner) => {
        if (typeof inner === "string" && SECRET_NAME.test(key)) texts.push(inner);
        return inner;
      });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    return texts;
  }
  if (value.includes("://")) return [];
  return value.split(/[,;\s]+/).filter((part) => part.length >= 2 * SHORTEST)
    .flatMap((part) => [part, part.replace(/^[^:=]*[:=]/, "")]);
}

/** How a secret may stand in a line. */
function formsOf(secret: string): string[] {
  const lines = [secret, secret.trim(), secret.replace(/[^\t\P{Cc}]/gu, ""), ...secret.split(/[\r\n]+/)];
  const decoded = lines.flatMap((text) => [text, percentDecoded(text)]);
  return decoded.flatMap((text) => {
    const formed = text.toWellFormed();
    const component = encodeURIComponent(formed);
    const strict = component.replace(
      /[!'()*~]/g,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    );
    const encoded = [
      component,
      strict,
      encodeURI(formed),
      new URLSearchParams([["", formed]]).toString().slice(1),
    ];
    return [
      text,
      ...encoded,
      ...encoded.map((form) => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
      JSON.stringify(text).slice(1, -1),
    ];
  });
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

function isTelling(value: string): boolean {
  return value.length >= SHORTEST && value.trim() !== "" && !WORDS.has(value.toLowerCase()) &&
    !/^[-+]?[\d.,_]{0,7}$/.test(value) && !/^[*\s/]*$/.test(value);
}

const escaped = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
