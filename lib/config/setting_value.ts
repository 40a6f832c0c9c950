/** Settings that are no secrets, into which one may have been put by mistake. */
import { ConfigError } from "shopflow/errors/mod.ts";

/**
 * What a message shows of a value that is not what it should be. A password may have been put into the wrong variable,
 * so that only what looks like a number or a time is shown.
 */
export function shownValue(value: string): string {
  const isNumber = /^[-+]?\d[\d.,:_ /TZ+-]{0,60}[A-Za-z]{0,3}$/.test(value);
  return isNumber ? JSON.stringify(value) : `a text of ${value.length} characters`;
}

/**
 * A path, which is taken as it is. An address with a password would become the name of a folder and stand in messages.
 *
 * @throws {ConfigError} when it looks like the address of a server; the message does not show it.
 */
export function pathSetting(name: string, value: string | undefined): string | undefined {
  if (!value) return undefined;
  const isAddress = /^[a-z][a-z0-9+.-]+:|:.*@|:\/\/|\bpassword\s*=/i.test(value);
  // deno-lint-ignore no-control-regex
  if (!isAddress && !/[\u0000-\u001f]/.test(value)) return value;
  throw new ConfigError(`${name} is not a path`, {
    expected: "a path in this machine's file system",
    found: isAddress ? "what looks like the address of a server" : "a control character in it",
    remedy: "Correct it or unset it. It is not shown here, since it may hold a password.",
  });
}

/**
 * A key that travels in a header.
 *
 * @throws {ConfigError} when a header cannot hold it; the message does not show it.
 */
export function keySetting(name: string, value: string | undefined): string | undefined {
  if (!value) return undefined;
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return value;
  throw new ConfigError(`${name} is not a key that a request can carry`, {
    expected: "printable characters of ASCII, without a space or line break before or after them",
    found: /^\s|\s$/.test(value)
      ? "a space or line break at its beginning or end"
      : "another character in it",
    remedy: "Correct it; a file with a key often ends with a line break.",
  });
}
