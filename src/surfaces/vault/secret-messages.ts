import { create, type JsonObject } from "@bufbuild/protobuf";
import { SecretMetadataSchema, SecretSchema } from "#gen/vault/v1/secrets_pb.js";
import { Plaintext, VaultError } from "../../base/index.ts";
import type { ReadVersion, VersionFacts } from "../../vaults/index.ts";
import { invalid, storedTimeText, timeText } from "./fields.ts";

const maxValueBytes = 4_194_304;
/** Entries of a list, and bytes of their paths and metadata; a longer one is refused. */
const maxListed = 100_000;
const maxListBytes = 8_388_608;

export function valueIn(text: string): Plaintext {
  const value = Plaintext.fromString(text);
  const { byteLength } = value.bytes;
  if (byteLength === 0 || byteLength > maxValueBytes) {
    value.wipe();
    throw invalid(`value must have 1 to ${maxValueBytes} bytes`);
  }
  return value;
}

/** Counts what a list holds. */
export function createRoom(): { take(path: string, facts: VersionFacts): void } {
  let entries = 0;
  let bytes = 0;
  return {
    take(path, { metadata }) {
      entries += 1;
      bytes += path.length + metadata.length;
      if (entries > maxListed || bytes > maxListBytes) {
        const sentence = `a list has at most ${maxListed} entries, and ${maxListBytes} bytes of metadata: ask with a prefix`;
        throw new VaultError("LIMIT_EXCEEDED", sentence);
      }
    },
  };
}

export function metadataMessage(path: string, facts: VersionFacts, isDisabled = false) {
  const { id, type, number, createdAt, expiresAtMs } = facts;
  const message = create(SecretMetadataSchema, {
    id,
    path,
    type,
    version: number,
    createdAt: storedTimeText(createdAt),
  });
  message.metadata = JSON.parse(facts.metadata) as JsonObject;
  if (expiresAtMs !== null) {
    message.expiresAt = timeText(expiresAtMs);
  }
  if (isDisabled) {
    message.isDisabled = true;
  }
  return message;
}

export function secretMessage(path: string, { facts, value }: ReadVersion) {
  const { id, type, number, createdBy, createdAt, expiresAtMs } = facts;
  const message = create(SecretSchema, {
    id,
    path,
    type,
    version: number,
    createdBy,
    createdAt: storedTimeText(createdAt),
  });
  message.value = value.text();
  message.metadata = JSON.parse(facts.metadata) as JsonObject;
  if (expiresAtMs !== null) {
    message.expiresAt = timeText(expiresAtMs);
  }
  return message;
}
