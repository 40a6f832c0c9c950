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
  // Of `name=value` the value, too.
  const values = Deno.args.flatMap((argument) => [argument, argument.replace(/^[\w-]+=/, "")]);
  const args = Object.fromEntries(values.map((value, i) => [`argument ${i}`, value]));
  return { ...mayRead ? Deno.env.toObject() : {}, ...args };
}

/** Errors that show no secret. */
const masked = new WeakSet<Error>();

/** Says of an error that it shows no secret, since it was made of masked texts. */
export const noteMasked = (error: Error): void => void masked.add(error);

/**
 * Takes the secrets out of an error, its causes and whatever else it carries, since a printed error shows all of that:
 * the drivers' own keep the URL or the request that they were given. It stays of the same class and with the same code;
 * what it refers to (a connection, a response with its request) is replaced by the name of its class, never changed.
 *
 * @returns The same error, or a copy where it cannot be changed.
 */
export function maskError<T>(error: T): T {
  if (!(error instanceof Error) || masked.has(error)) return error;
  masked.add(error);
  const changes: [PropertyKey, unknown][] = [];
  for (const key of Reflect.ownKeys(error)) {
    const { value } = Object.getOwnPropertyDescriptor(error, key) ?? {};
    // A stack is made when it is first read.
    const before: unknown = key === "stack" ? error.stack : value;
    const after = maskedProperty(before);
    if (after !== before) changes.push([key, after]);
  }
  const isFixed = ([key]: [PropertyKey, unknown]) =>
    Object.isFrozen(error) || Object.getOwnPropertyDescriptor(error, key)?.configurable === false;
  const result = changes.some(isFixed) ? copyOf(error, changes) : error;
  for (const [key, value] of changes) setProperty(result, key, value);
  return result;
}

function maskedProperty(value: unknown): unknown {
  if (typeof value === "string") return maskSecrets(value);
  if (value instanceof Error) return maskError(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value) && value.every((one) => one instanceof Error)) {
    const errors = value.map(maskError);
    return errors.every((one, i) => one === value[i]) ? value : errors;
  }
  if (!isPlain(value)) return `[${value.constructor?.name ?? "object"}]`;
  const shown = inspect(value, { depth: 20, maxStringLength: null, maxArrayLength: null, showHidden: true });
  const without = maskSecrets(shown);
  return without === shown ? value : without;
}

/** What holds data and nothing else. */
function isPlain(value: object): boolean {
  const kinds: unknown[] = [Object, Array, Map, Set, Date].map(({ prototype }) => prototype);
  return [...kinds, null].includes(Object.getPrototypeOf(value));
}

/** An error of the same class with all that does not change. */
function copyOf<T extends Error>(error: T, changes: [PropertyKey, unknown][]): T {
  const copy = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error)) as T;
  for (const key of Reflect.ownKeys(error)) {
    if (changes.some(([changed]) => changed === key)) continue;
    setProperty(copy, key, error[key as keyof T], Object.getOwnPropertyDescriptor(error, key)?.enumerable);
  }
  masked.add(copy);
  return copy;
}

function setProperty(error: Error, key: PropertyKey, value: unknown, enumerable?: boolean): void {
  const before = Object.getOwnPropertyDescriptor(error, key);
  Object.defineProperty(error, key, {
    value,
    enumerable: enumerable ?? before?.enumerable ?? false,
    configurable: true,
    writable: true,
  });
}
