import { createHash } from "node:crypto";
import { create, type Message, toBinary } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  ListSecretsResponseSchema,
  ListSecretVersionsResponseSchema,
  type PutSecretRequest,
  PutSecretRequestSchema,
  type SecretService,
} from "#gen/vault/v1/secrets_pb.js";
import { createWorkQueue } from "../../base/index.ts";
import type { Head, Selection } from "../../ledger/index.ts";
import type { Asked } from "../../people/index.ts";
import {
  admitUse,
  defaultCharset,
  defaultGeneratedLength,
  deleteSecret,
  disableVersion,
  generateValue,
  hasPrefix,
  isVersionDisabled,
  type Keyed,
  olderVersions,
  type Place,
  parseCharset,
  parseIdempotencyKey,
  parsePrecondition,
  parseSecretPath,
  parseSecretType,
  placeOf,
  putSecret,
  type ReadOptions,
  readVersion,
  recordList,
  recordVersions,
  repeatWrite,
  rotateSecret,
  type SecretUse,
  type VersionFacts,
  vaultSecrets,
} from "../../vaults/index.ts";
import { type Access, type AccessTable, lastOf, sign, submitAndSign, submitFor } from "../kernel/index.ts";
import { AllowedUses } from "./allowed-uses.ts";
import { objectText, timeIn, uuidIn, versionIn, wholeIn } from "./fields.ts";
import { askedIn, type VaultPorts } from "./ports.ts";
import { createRoom, metadataMessage, secretMessage, valueIn } from "./secret-messages.ts";

const persons: Access = ["person"];
const maxMetadataBytes = 65_536;
const pageSize = 500;
/** Paths of callers that were allowed before. */
const maxAllowed = 8_192;
/** Of one read: as it is, counted, repeated. */
const maxOperations = 4;
/** Lists are held in memory whole: two at a time, and 64 wait. */
const listsAtOnce = 2;
const listsWaiting = 64;
const listRetryMs = 1_000;

export const secretAccess: AccessTable = {
  "vault.v1.SecretService/PutSecret": persons,
  "vault.v1.SecretService/GetSecret": persons,
  "vault.v1.SecretService/DeleteSecret": persons,
  "vault.v1.SecretService/ListSecrets": persons,
  "vault.v1.SecretService/ListSecretVersions": persons,
  "vault.v1.SecretService/GetSecretVersion": persons,
  "vault.v1.SecretService/DisableSecretVersion": persons,
  "vault.v1.SecretService/RotateSecret": persons,
};

export function createSecretHandlers(ports: VaultPorts): ServiceImpl<typeof SecretService> {
  const { sealer } = ports;
  const lists = createWorkQueue({
    ...{ atOnce: listsAtOnce, waiting: listsWaiting, retryAfterMs: listRetryMs },
    message: "too many lists are waiting",
  });
  /** Of callers and paths that were allowed before: for them the operation itself may decide at once. It decides in any case. */
  const allowed = new AllowedUses(maxAllowed);

  async function admit(context: HandlerContext, asked: Asked, use: SecretUse, place: Place): Promise<void> {
    if (!allowed.has(place.key, asked.credential, use)) {
      await submitFor(ports, admitUse(asked, use, place), context);
      allowed.add(place.key, asked.credential, use);
    }
  }

  return {
    async putSecret(request, context) {
      const place = placeIn(request);
      const precondition = parsePrecondition(headerIn(context, "if-match"), headerIn(context, "if-none-match"));
      const keyed = keyedIn(context, "PUT", place, request);
      const fields = {
        type: request.type === undefined ? undefined : parseSecretType(request.type),
        metadata: objectText(request.metadata ?? {}, "metadata", maxMetadataBytes),
        expiresAtMs: timeIn(request.expiresAt),
        maxReads:
          request.maxAccessCount === undefined
            ? null
            : wholeIn(request.maxAccessCount, "max_access_count", 1, Number.MAX_SAFE_INTEGER),
        rotationPolicy: objectText(request.rotationPolicy, "rotation_policy", maxMetadataBytes) ?? null,
      };
      const asked = askedIn(context);
      const value = valueIn(request.value);
      await admit(context, asked, "secret.write", place).catch((error: unknown) => {
        value.wipe();
        throw error;
      });
      const put = putSecret(asked, place, { value, ...fields }, { precondition, keyed }, sealer);
      const { value: outcome, receipts } = await submitFor(ports, put, context).finally(() => value.wipe());
      if (outcome.kind === "repeat") {
        const repeated = repeatWrite(asked, place, outcome.number);
        return metadataMessage(place.path, await submitAndSign(ports, repeated, context));
      }
      sign(context, lastOf(receipts));
      return metadataMessage(place.path, outcome.secret);
    },

    getSecret(request, context) {
      const place = placeIn(request);
      return read(context, place, null, keyedIn(context, "GET", place));
    },

    getSecretVersion({ version, ...request }, context) {
      return read(context, placeIn(request), versionIn(version), null);
    },

    async deleteSecret(request, context) {
      const place = placeIn(request);
      const asked = askedIn(context);
      await admit(context, asked, "secret.delete", place);
      await submitAndSign(ports, deleteSecret(asked, place), context);
      return create(EmptySchema);
    },

    async disableSecretVersion({ version, ...request }, context) {
      const place = placeIn(request);
      const number = versionIn(version);
      const asked = askedIn(context);
      await admit(context, asked, "secret.version_disable", place);
      const disable = disableVersion(asked, place, number);
      await submitAndSign(ports, disable, context);
      return create(EmptySchema);
    },

    async rotateSecret({ length, charset, type, ...request }, context) {
      const place = placeIn(request);
      const wanted = length === undefined ? defaultGeneratedLength : wholeIn(length, "length", 8, 1_024);
      const characters = charset === undefined ? defaultCharset : parseCharset(charset);
      const ofType = type === undefined ? undefined : parseSecretType(type);
      const asked = askedIn(context);
      await admit(context, asked, "secret.rotate", place);
      const value = generateValue(wanted, characters);
      const rotate = rotateSecret(asked, place, value, ofType, sealer);
      const written = await submitAndSign(ports, rotate, context).finally(() => value.wipe());
      return metadataMessage(place.path, written);
    },

    async listSecrets({ vaultId, prefix }, context) {
      const id = uuidIn(vaultId, "vault_id");
      const { value: access, receipts } = await submitFor(ports, recordList(askedIn(context), id), context);
      const receipt = lastOf(receipts);
      sign(context, receipt);
      // Without a grant there is nothing to look for, and how long that takes would tell how much there is.
      if (access({ kind: "see" }).kind !== "allowed") {
        return create(ListSecretsResponseSchema, {});
      }
      const beginning = `${id}/`;
      const where = [{ kind: "starts_with", field: "place", text: beginning + prefix }] as const;
      return await lists.run(async () => {
        const secrets = [];
        const room = createRoom();
        for await (const secret of rowsFrom(vaultSecrets, { after: null, where }, receipt)) {
          refuseIfGone(context);
          const path = secret.place.slice(beginning.length);
          const isShown = secret.isDeleted === 0 && hasPrefix(path, prefix);
          if (isShown && access({ kind: "use", path, anyOf: ["read"] }).kind === "allowed") {
            room.take(path, secret);
            secrets.push(metadataMessage(path, secret));
          }
        }
        return create(ListSecretsResponseSchema, { secrets });
      });
    },

    async listSecretVersions(request, context) {
      const place = placeIn(request);
      const asked = askedIn(context);
      await admit(context, asked, "secret.versions", place);
      const { value: secret, receipts } = await submitFor(ports, recordVersions(asked, place), context);
      const receipt = lastOf(receipts);
      sign(context, receipt);
      const message = (facts: VersionFacts) =>
        metadataMessage(place.path, facts, isVersionDisabled(secret, facts.number));
      return await lists.run(async () => {
        const versions = [];
        const room = createRoom();
        for await (const facts of rowsFrom(olderVersions, { after: [place.key, secret.firstNumber - 1] }, receipt)) {
          refuseIfGone(context);
          if (facts.place !== place.key || facts.number >= secret.number) {
            break;
          }
          room.take(place.path, facts);
          versions.push(message(facts));
        }
        return create(ListSecretVersionsResponseSchema, { versions: [...versions, message(secret)].reverse() });
      });
    },
  };

  /** A version with a limit of reads is read by a second operation, which counts; an answer is repeated by a third. */
  async function read(context: HandlerContext, place: Place, number: number | null, keyed: Keyed | null) {
    const asked = askedIn(context);
    await admit(context, asked, "secret.read", place);
    let options: ReadOptions = { number, keyed, counts: false, repeats: false };
    for (let operations = 0; operations < maxOperations; operations++) {
      const operation = readVersion(asked, place, options, sealer);
      const { value: outcome, receipts } = await submitFor(ports, operation, context);
      switch (outcome.kind) {
        case "limited":
          options = { ...options, counts: true };
          break;
        case "repeat":
          options = { ...options, number: outcome.number, repeats: true };
          break;
        case "read":
          try {
            refuseIfGone(context);
            sign(context, lastOf(receipts));
            return secretMessage(place.path, outcome);
          } finally {
            outcome.value.wipe();
          }
      }
    }
    throw new Error("a read that came to no end");
  }

  /** The idempotency key of a request; null for none. */
  function keyedIn(context: HandlerContext, method: string, { vaultId, path }: Place, body?: Message): Keyed | null {
    const text = headerIn(context, "idempotency-key");
    if (text === undefined) {
      return null;
    }
    const key = parseIdempotencyKey(text);
    const { sub } = askedIn(context).credential;
    const bytes = body === undefined ? new Uint8Array() : toBinary(PutSecretRequestSchema, body as PutSecretRequest);
    const id = createHash("sha256").update(`${sub} ${key}`).digest("hex");
    // With the id in it, a row that was copied by hand to another key or caller repeats nothing.
    return { id, fingerprint: ports.fingerprint(`${id} ${method} ${vaultId}/${path} `, bytes) };
  }

  function refuseIfGone(context: HandlerContext): void {
    const { aborted, reason } = ports.cancellationOf(context);
    if (aborted) {
      throw reason;
    }
  }

  async function* rowsFrom<R extends { readonly place: string }>(
    table: Parameters<VaultPorts["reader"]["page"]>[0] & { readonly record?: R },
    select: Selection,
    atLeast: Head,
  ): AsyncIterable<R> {
    for (let key = select.after; ; ) {
      const selected = { ...select, after: key };
      const page = (await ports.reader.vouchedPage<R>(table, selected, pageSize, atLeast)) as readonly R[];
      yield* page;
      const last = page.at(-1);
      if (last === undefined) {
        return;
      }
      key = table.key.map((field) => (last as Readonly<Record<string, unknown>>)[field] as string | number);
    }
  }
}

function placeIn({ vaultId, path }: { readonly vaultId: string; readonly path: string }): Place {
  return placeOf(uuidIn(vaultId, "vault_id"), parseSecretPath(path));
}

function headerIn({ requestHeader }: HandlerContext, name: string): string | undefined {
  return requestHeader.get(name) ?? undefined;
}
