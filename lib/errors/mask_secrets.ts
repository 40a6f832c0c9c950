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
  ("admin auto basic bearer customers data database debug default disabled enabled events false home host info " +
    "inventory lake local localhost mongo mongodb none null optional orders password port postgres postgresql prefer " +
    "products reader required root secret shop shopflow support test tickets tmp token true undefined user warn")
    .split(" "),
);
/** Anything of the form of a URL, as it stands in a text. */
const URLS = /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"'<>`\\]+/gi;

/** As drivers of databases take it, in a URL or without one. */
const PASSWORD_SETTING = /(?<![a-z0-9])pass(?:word|wd)?\s*=\s*(?:'([^']*)'|([^\s&;'"]+))/gi;
/** The same in a text, which may be code that compares something with a password. */
const PASSWORD_IN_TEXT =
  /((?<![a-z0-9])(?:ssl|pg)?(?:password|passwd|pwd)\s*=(?![=>])\s*)(?!\*\*\*)(?:'[^'\n]*'|"[^"\n]*"|[^\s&;'",)]+)/gi;

/** A URL in a text: scheme and what follows it. */
const URL_IN_TEXT = /(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,30}:\/\/)([^\s"'<>`\\]+)/gi;
/** Names of parameters of a URL whose values are secrets. */
const PARAMETER_NAME =
  String.raw`[\w.-]*(?:password|passwd|pwd|secret|token|signature|credential|authMechanismProperties)|` +
  String.raw`[\w.-]*(?:api|access|account|auth|function|subscription)[-_]?key|sig|pass|auth|code|key`;
const PARAMETER = new RegExp(String.raw`([?&](?:${PARAMETER_NAME})=)[^&\s"'#]+`, "gi");

/**
 * Makes the function that takes the secrets of an environment out of a text: values of variables whose names tell so,
 * passwords in URLs of all variables, and the paths of the alert channels' webhooks; as they are, and as they are
 * written in URLs and JSON. Passwords of other URLs go as well. A value that is shorter than four characters, a number
 * of less than eight digits or an ordinary setting (`true`, `default`) is no secret, nor is a password in a URL that is
 * its user, host or database as well.
 *
 * Of a secret of several lines each one is masked.
 */
export function createMask(env: Record<string, string | undefined>): (text: string) => string {
  return maskOf(secretForms(env));
}

/** Ways in which a secret may stand in a text, and whether it is one there only as a word of its own. */
export type SecretForms = Map<string, { isWord: boolean }>;

/** All ways in which the secrets of an environment may stand in a text. */
export function secretForms(env: Record<string, string | undefined>): SecretForms {
  const { secrets, pieces } = secretsIn(env);
  const telling = (texts: string[]) => texts.flatMap(formsOf).filter(isTelling);
  return new Map<string, { isWord: boolean }>([
    // Within a word it is none: of a password "a/word" is no piece in "wording".
    ...telling(pieces).map((form) => [form, { isWord: true }] as [string, { isWord: boolean }]),
    ...telling(secrets).map((form) => [form, { isWord: false }] as [string, { isWord: boolean }]),
  ]);
}

/** Makes the function that takes `forms`, and passwords of URLs whosoever they are, out of a text. */
export function maskOf(forms: SecretForms): (text: string) => string {
  // The longest first: one may begin with another.
  const sorted = [...forms].sort(([a], [b]) => b.length - a.length);
  const maskOnce = (text: string) => {
    let without = text;
    for (const [form, { isWord }] of sorted) {
      if (!without.includes(form)) continue;
      without = isWord ? without.replace(asWord(form), MASK) : without.replaceAll(form, MASK);
    }
    if (!without.includes("=") && !without.includes("://")) return without;
    return without.replace(
      URL_IN_TEXT,
      (_, scheme: string, rest: string) => scheme + withoutPassword(scheme, rest),
    ).replace(PARAMETER, `$1${MASK}`).replace(PASSWORD_IN_TEXT, `$1${MASK}`);
  };
  return (text) => {
    // Again, where what is left of a text with what replaces a secret makes up another one.
    for (let round = 0, before = ""; round < MOST_ROUNDS && text !== before; round++) {
      before = text;
      text = maskOnce(before);
    }
    return text;
  };
}

/** What follows the scheme of a URL; the URL may be malformed, so that the password is found by the last @. */
function withoutPassword(scheme: string, rest: string): string {
  const [authority = ""] = rest.match(/^[^/?#]*/) ?? [];
  const at = authority.length === rest.length || !isUserLater(scheme, authority, rest)
    ? authority.lastIndexOf("@")
    : rest.lastIndexOf("@");
  if (at < 0) return rest;
  const [, user = "", password] = rest.slice(0, at).match(/^([^:]*):(.*)$/s) ?? [];
  // The example of our own messages.
  if (password === undefined || password === "" || /^user:password$/i.test(`${user}:${password}`)) {
    return rest;
  }
  return `${/^[\w.%+~-]*$/.test(user) ? user : MASK}:${MASK}${rest.slice(at)}`;
}

/**
 * Whether an @ behind the host belongs to a password with a slash, ? or # in it. In addresses of the web it may well
 * stand there by itself, as in those of packages and in parameters.
 */
function isUserLater(scheme: string, authority: string, rest: string): boolean {
  const later = rest.slice(authority.length);
  if (!later.includes("@") || !rest.includes(":")) return false;
  if (!/^(?:https?|wss?|file):/i.test(scheme)) return true;
  const isHost = /^(?:[^:@]+\.[^:@]+|localhost|\[[0-9a-f:.]+\])(?::\d*)?$/i.test(authority) ||
    !authority.includes(":");
  return !isHost && !authority.includes("@") && !/[/]@|[?&][\w.-]+=[^&]*@/.test(later);
}

/** What must not be seen. */
interface Secrets {
  secrets: string[];
  /** Of a password with #, / or the like: programs that take these for the end of something show a piece of it. */
  pieces: string[];
}

function secretsIn(env: Record<string, string | undefined>): Secrets {
  const secrets: string[] = [];
  const passwords: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (!value) continue;
    const isSecret = SECRET_NAME.test(name) && !PLACE_NAME.test(name);
    const urls = [value, ...value.split(/[,;|]/)].flatMap((text) => text.match(URLS) ?? []);
    // As a whole, since a password in it may contain what ends a URL in a text.
    if (/^[a-z][a-z0-9+.-]{0,30}:\/\/./i.test(value)) urls.push(value);
    else if (URL_NAME.test(name)) urls.push(value.replace(BROKEN_SCHEME, "url://"));
    passwords.push(...urls.flatMap(passwordsOf));
    secrets.push(
      ...urls.flatMap((url) => tokensOf(url, isSecret)),
      ...[...value.matchAll(PASSWORD_SETTING)].map(([, inQuotes, bare]) => inQuotes ?? bare ?? ""),
      ...isSecret ? [value, ...partsOf(value)] : [],
    );
  }
  return {
    secrets: [...secrets, ...passwords],
    pieces: passwords.filter((password) => /[/?#@]/.test(password)).flatMap((text) => text.split(/[/?#@:]/)),
  };
}

/** A variable, or an argument of the program, that may hold an address. */
const URL_NAME = /UR[LI]|DSN|LAKE|ENDPOINT|DATABASE|CONNECTION|^argument /i;
/** What stands for `scheme://` in one that is misspelt, also where it came as an option, or as the value of one. */
const BROKEN_SCHEME =
  /^-*(?:[\w-]+=)?(?:[a-z][a-z0-9+.-]*:?\/{1,3}|(?:postgres(?:ql)?|mongodb(?:\+srv)?|https?|s3):)?/i;

/** Of a secret URL, such as a webhook's, the path with its parameters; of any, parameters that are secret by name. */
function tokensOf(url: string, isSecret: boolean): string[] {
  const rest = afterScheme(url);
  const path = rest.match(/[/?#].*$/s)?.[0] ?? "";
  const [user] = rest.match(/^[^:/?#@]*(?=:?@)/) ?? [];
  const isToken = /^https?:/i.test(url) && user !== undefined && user.length >= TOKEN_LENGTH;
  return [
    ...isSecret ? [path, ...path.split(/[/?&=#]/).filter((part) => part.length >= TOKEN_LENGTH)] : [],
    ...[...path.matchAll(SECRET_PARAMETER)].map(([, value = ""]) => value),
    ...isToken ? [user] : [],
  ];
}

/** A user's password; two where it is not clear which @ ends it. */
function passwordsOf(url: string): string[] {
  const rest = afterScheme(url);
  const path = rest.match(/[/?#].*$/s)?.[0] ?? "";
  // A password may have an @ or a slash of its own, though it should not.
  const ends = [rest.slice(0, rest.length - path.length).lastIndexOf("@"), rest.lastIndexOf("@")];
  return [...new Set(ends)].filter((at) => at > 0).flatMap((at) => {
    const [user = "", ...others] = rest.slice(0, at).split(":");
    const password = others.join(":");
    // A password that is a name of the URL as well would make holes everywhere.
    const isName = [user, ...rest.slice(at + 1).split(/[:/?#]/)].includes(password);
    return password === "" || isName || user.includes("/") ? [] : [password];
  });
}

const afterScheme = (url: string) => url.slice(url.indexOf("://") + "://".length);

/** As {@linkcode PARAMETER}, with the value for itself. */
const SECRET_PARAMETER = new RegExp(`[?&](?:${PARAMETER_NAME})=([^&#]+)`, "gi");

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
      ...inBase64(text),
    ];
  });
}

/** As base64 has it, also within a longer text, as in a header with user and password. */
function inBase64(text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length < 2 * SHORTEST) return [];
  return [0, 1, 2].flatMap((before) => {
    const padded = new Uint8Array(before + bytes.length);
    padded.set(bytes, before);
    const whole = padded.toBase64().slice(0, Math.floor(padded.length * 4 / 3));
    // Letters in which a neighbour has bits are another's as well.
    const own = whole.slice(Math.ceil(before * 4 / 3));
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
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

/** A word, or a name that consists of such: `shopflow-test` stands in paths and names of databases. */
const isOrdinary = (value: string) => value.toLowerCase().split(/[-_.]/).every((word) => WORDS.has(word));

function isTelling(value: string): boolean {
  return value.length >= SHORTEST && value.trim() !== "" && !isOrdinary(value) &&
    !/^[-+]?[\d.,_]{0,7}$/.test(value) && !/^[*\s/]*$/.test(value);
}

const asWord = (text: string) =>
  new RegExp(`(?<![A-Za-z0-9])${text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}(?![A-Za-z0-9])`, "g");
