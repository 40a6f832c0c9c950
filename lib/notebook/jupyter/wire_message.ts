/**
 * Messages of the Jupyter protocol 5.3 on ZeroMQ frames
 * (https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol).
 */
import { NotebookError } from "shopflow/errors/mod.ts";
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";

export interface MessageHeader {
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
    throw new NotebookError("The kernel sent what is no Jupyter message", {
      expected: `${DELIMITER}, a signature and four parts`,
      found: `${frames.length} frames`,
    });
  }
  const found = frames[start + 1]!;
  const expected = new TextEncoder().encode(sign(session.key, parts));
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) {
    throw new NotebookError("A message came that the kernel did not sign", {
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
