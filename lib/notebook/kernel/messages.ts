/**
 * Messages of the Jupyter protocol 5.3 on ZeroMQ frames
 * (https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol).
 */
import { NotebookError } from "shopflow/errors/mod.ts";
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { makeWorkingFolder } from "shopflow/runtime/mod.ts";
import { dirname } from "node:path";

interface MessageHeader {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
}

export interface WireMessage {
  header: MessageHeader;
  /** Header of the request that this answers; empty where there was none. */
  parent: Partial<MessageHeader>;
  content: Record<string, unknown>;
}

/** What signs and addresses a client's messages. */
export interface WireSession {
  id: string;
  /** HMAC key of the connection file. */
  key: string;
}

const DELIMITER = "<IDS|MSG>";

/** A new request with the time `now`; its id is what answers refer to. */
export function createRequest(
  session: WireSession,
  type: string,
  content: Record<string, unknown>,
  now: Date = new Date(),
): WireMessage {
  return {
    header: {
      msg_id: randomUUID(),
      msg_type: type,
      session: session.id,
      username: "shopflow",
      date: now.toISOString(),
      version: "5.3",
    },
    parent: {},
    content,
  };
}

/** The frames of a message, signed with HMAC-SHA256. */
export function encodeMessage(session: WireSession, message: WireMessage): Uint8Array[] {
  const text = new TextEncoder();
  const parts = [message.header, message.parent, {}, message.content].map((part) =>
    text.encode(JSON.stringify(part))
  );
  return [text.encode(DELIMITER), text.encode(sign(session.key, parts)), ...parts];
}

/**
 * The message in frames that arrived.
 *
 * @throws {NotebookError} when they are no Jupyter message or the signature is not that of our key.
 */
export function decodeMessage(session: WireSession, frames: Uint8Array[]): WireMessage {
  const text = new TextDecoder();
  const start = frames.findIndex((frame) =>
    frame.length === DELIMITER.length && text.decode(frame) === DELIMITER
  );
  const parts = frames.slice(start + 2, start + 6);
  if (start < 0 || parts.length < 4) {
    throw new NotebookError("The kernel sent an invalid Jupyter message", {
      expected: `${DELIMITER}, a signature and four parts`,
      found: `${frames.length} frames`,
    });
  }
  const found = frames[start + 1]!;
  const expected = new TextEncoder().encode(sign(session.key, parts));
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
    throw new NotebookError("A message of the kernel has an invalid signature", {
      expected: "an HMAC-SHA256 of the connection file's key",
      remedy: "Another program is using the kernel's ports; run the notebook again.",
    });
  }
  const [header, parent, , content] = parts.map((part) => JSON.parse(text.decode(part)));
  return { header, parent: parent ?? {}, content };
}

function sign(key: string, parts: Uint8Array[]): string {
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  return hmac.digest("hex");
}

/**
 * What our runner and the code in the kernel say to each other beside the notebook's own outputs, as MIME
 * types that no front end shows.
 */

/** Closes a cell: comes after everything the cell wrote. */
export const BARRIER = "application/vnd.shopflow.barrier+json";
/** A promise of the cell was rejected and was not awaited; the kernel alone counts that as success. */
export const UNHANDLED = "application/vnd.shopflow.unhandled-rejection+json";
/** What the notebook read: see {@linkcode LineageEntry}. */
export const LINEAGE = "application/vnd.shopflow.lineage+json";

/** In the place of data that are too large for the kernel's socket: the path of a file that has them as JSON. */
export const LARGE = "application/vnd.shopflow.large+json";
/**
 * Characters from which data are large, and printed text goes in pieces. The Deno kernel (2.9.6) loses the rest of a
 * message that does not fit into the socket's buffers while the other side is busy: these hold at least 2 MB together.
 */
const LARGE_CHARACTERS = 250_000;

/** One thing that a notebook read from the lake, for the record of its run. */
export interface LineageEntry {
  kind: "snapshot" | "model" | "scores";
  /** `lake` for the snapshot, or the name of the model or score table. */
  name: string;
  version: string;
}

/** Where the prelude leaves its function for the notebook's library; absent in a plain Jupyter. */
export const LINEAGE_HOOK = Symbol.for("shopflow.notebook.lineage");
/** Where the prelude leaves which run of which notebook this is; absent in a plain Jupyter. */
export const NOTEBOOK_RUN = Symbol.for("shopflow.notebook.run");

/** A run of a notebook, for what its cells log. */
export interface RunName {
  notebook: string;
  runId: string;
}

/** Where the prelude leaves the versions that a repeated run must read; absent otherwise. */
export const PINNED_VERSIONS = Symbol.for("shopflow.notebook.pinned_versions");

/**
 * Code that runs in the Deno kernel before the first cell.
 *
 * @param pinnedVersions what the notebook reads where it does not name a version itself
 * @param folder where large data are put
 * @param run what is run
 */
export function preludeCode(pinnedVersions: LineageEntry[], folder: string, run?: RunName): string {
  return `{
  // A notebook may put others in their place.
  const { setTimeout, crypto } = globalThis;
  const { writeTextFileSync } = Deno;
  const { broadcast, display, $display } = Deno.jupyter;
  const folder = ${JSON.stringify(folder)};
  const lighten = (data) => {
    let json;
    try {
      json = JSON.stringify(data);
    } catch {
      // The kernel itself says what cannot be sent.
    }
    if (json === undefined || json.length < ${LARGE_CHARACTERS}) return data;
    const path = folder + "/" + crypto.randomUUID() + ".json";
    writeTextFileSync(path, json);
    return { "${LARGE}": path };
  };
  const pieces = (text) => {
    const all = [];
    for (let start = 0, end; start < text.length; start = end) {
      end = start + ${LARGE_CHARACTERS};
      // No character is cut in two.
      if (/[\\ud800-\\udbff]/.test(text[end - 1] ?? "")) end--;
      all.push(text.slice(start, end));
    }
    return all;
  };
  const tell = (mime, value) =>
    broadcast("display_data", { data: lighten({ [mime]: value }), metadata: {}, transient: {} });
  const shown = ["display_data", "update_display_data", "execute_result"];
  Deno.jupyter.broadcast = async (type, content, options) => {
    if (shown.includes(type)) return await broadcast(type, { ...content, data: lighten(content.data ?? {}) }, options);
    if (type !== "stream" || !content.text) return await broadcast(type, content, options);
    for (const text of pieces(content.text)) await broadcast(type, { ...content, text }, options);
  };
  // What the kernel uses itself; another version of it may not have them.
  const { jupyter, Console, core } = Deno[Deno.internal] ?? {};
  const { broadcastResult, formatInner } = jupyter ?? {};
  if (broadcastResult && formatInner) {
    const light = (value, raw) => ({ [$display]: async () => lighten(await formatInner(value, raw)) });
    Deno.jupyter.display = async (value, options = {}) =>
      await display(light(value, options.raw), { ...options, raw: false });
    jupyter.broadcastResult = async (count, value) => {
      if (value !== undefined) await broadcastResult(count, light(value, false));
    };
  }
  if (Console && core?.print) {
    globalThis.console = new Console((text, level) => {
      for (const piece of pieces(text)) core.print(piece, level > 1);
    });
  }
  globalThis[Symbol.for("${LINEAGE_HOOK.description}")] = (fact) => tell("${LINEAGE}", fact);
  // Yields once, so that rejections of the cell are reported before.
  globalThis[Symbol.for("${BARRIER}")] = (id, ms) =>
    setTimeout(() => setTimeout(() => tell("${BARRIER}", id), 0), ms);
  globalThis[Symbol.for("${PINNED_VERSIONS.description}")] = ${JSON.stringify(pinnedVersions)};
  globalThis[Symbol.for("${NOTEBOOK_RUN.description}")] = ${JSON.stringify(run ?? null)};
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    const { reason } = event;
    const isError = reason instanceof Error;
    tell("${UNHANDLED}", {
      ename: isError ? reason.name : "UnhandledRejection",
      evalue: isError ? reason.message : String(reason),
      traceback: ["A promise was rejected and not awaited.", ...String(reason?.stack ?? reason).split("\\n")],
    });
  });
  for (const name of ["alert", "confirm", "prompt"]) {
    globalThis[name] = () => {
      throw new Error(name + "() cannot ask: this notebook runs without a keyboard. Use a parameter.");
    };
  }
}
undefined`;
}

/**
 * Code that runs after each cell. It awaits nothing, which the kernel evaluates much faster.
 *
 * @param ms so long by its own clock the kernel waits with it
 */
export const barrierCode = (id: string, ms = 0) =>
  `void globalThis[Symbol.for("${BARRIER}")]("${id}", ${ms})`;

/** A folder of its own in which a kernel leaves what is too large for its socket; it is removed with its scope. */
export interface LargeOutputs extends AsyncDisposable {
  folder: string;
  /** The data of an output, where what came says only in which file they are; others are given back as they are. */
  fetch(data: Record<string, unknown>): Promise<Record<string, unknown>>;
}

/** Makes such a folder in `parent`, by default the system's folder for temporary files. */
export async function openLargeOutputs(parent?: string): Promise<LargeOutputs> {
  const folder = await makeWorkingFolder("outputs", parent);
  let removal: Promise<void> | undefined;
  return {
    folder,
    async fetch(data) {
      const path = data[LARGE];
      // Nothing but what is in the folder is taken, whatever a cell says.
      if (typeof path !== "string" || dirname(path) !== folder) return data;
      const json = await Deno.readTextFile(path);
      await Deno.remove(path);
      return JSON.parse(json);
    },
    [Symbol.asyncDispose]: () => removal ??= removeFolder(folder),
  };
}

/** A notebook may have removed it. */
async function removeFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
