/** The secrets that this program knows, and how they are kept out of its messages and errors. */
import { inspect } from "node:util";
import { maskOf, type SecretForms, secretForms } from "./mask_secrets.ts";

const forms: SecretForms = new Map();
let mask: ((text: string) => string) | undefined;
let isPrepared = false;

/**
 * Lets {@linkcode maskSecrets} know the secrets in `env`, as of an environment that a program was given instead of its
 * own: values of variables whose names tell so, and passwords in URLs of all of them.
 */
export function knowSecrets(env: Record<string, string | undefined>): void {
  for (const [form, how] of secretForms(env)) {
    const known = forms.get(form);
    // One that is a secret anywhere stays one.
    if (known !== undefined && (!known.isWord || how.isWord)) continue;
    forms.set(form, how);
    mask = undefined;
  }
}

/**
 * A text without the secrets of this program's environment and arguments, of what {@linkcode knowSecrets} was given,
 * and without passwords in URLs. What is cut off from a text must be masked before it is cut, or a piece may stay.
 */
export function maskSecrets(text: string): string {
  if (!isPrepared) {
    isPrepared = true;
    knowSecrets(ownEnvironment());
  }
  mask ??= maskOf(forms);
  return mask(text);
}

/** Git's filters run without the permission to read the environment, and need none of it. */
function ownEnvironment(): Record<string, string | undefined> {
  const mayRead = Deno.permissions.querySync({ name: "env" }).state === "granted";
  const args = Object.fromEntries(Deno.args.map((argument, i) => [`argument ${i}`, argument]));
  return { ...mayRead ? Deno.env.toObject() : {}, ...args };
}

/** Errors of errors of errors; no chain of causes is longer. */
const DEEPEST = 8;

/**
 * Takes the secrets out of an error, its causes and whatever else it carries, since a printed error shows all of that:
 * the drivers' own keep the URL they were given. It stays the same error, of the same class and with the same code;
 * what it refers to (a connection, its options) is replaced by a text where that would show a secret, never changed.
 *
 * @returns what was given.
 */
export function maskError<T>(error: T, depth = 0): T {
  if (!(error instanceof Error) || depth > DEEPEST) return error;
  for (const key of Reflect.ownKeys(error)) {
    const { value } = Object.getOwnPropertyDescriptor(error, key) ?? {};
    // A stack is made when it is first read.
    const before: unknown = key === "stack" ? error.stack : value;
    const after = maskedProperty(before, depth);
    if (after !== before) replace(error, key, after);
  }
  return error;
}

function maskedProperty(value: unknown, depth: number): unknown {
  if (typeof value === "string") return maskSecrets(value);
  if (value instanceof Error) return maskError(value, depth + 1);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value) && value.every((one) => one instanceof Error)) {
    value.forEach((one) => maskError(one, depth + 1));
    return value;
  }
  const shown = inspect(value, { depth: 6, maxStringLength: null, breakLength: Infinity });
  const masked = maskSecrets(shown);
  return masked === shown ? value : masked;
}

function replace(error: Error, key: string | symbol, value: unknown): void {
  const old = Object.getOwnPropertyDescriptor(error, key);
  try {
    Object.defineProperty(error, key, {
      value,
      enumerable: old?.enumerable ?? false,
      configurable: true,
      writable: true,
    });
  } catch (cause) {
    // A frozen error cannot be changed; programs mask what they print as well.
    if (!(cause instanceof TypeError)) throw cause;
  }
}
