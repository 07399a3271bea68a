import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { type ListRequest, ListResponseSchema, type SecretMetadata } from "#gen/zsc/v1/zsc_admin_pb.js";
import { VaultError } from "../domain/errors.ts";
import { isSecretName } from "../domain/names.ts";
import type { Head } from "../ledger/row.ts";
import { recordList } from "../zsc/metadata.ts";
import { principalOf } from "./admission.ts";
import { metadataMessage } from "./messages.ts";
import { type RpcPorts, recordAndSign } from "./ports.ts";

/** A list without pages holds no more than this: memory stays bounded, and nothing is left out in silence. */
const maxUnpagedSecrets = 100_000;
const chunkSecrets = 1_000;

/** `List`: the row first, then the metadata, read beside the chain so that a long list stalls nobody. */
export function listHandler(ports: RpcPorts) {
  return async ({ pageSize, pageToken }: ListRequest, context: HandlerContext) => {
    const after = pageToken === undefined ? null : nameOfToken(pageToken);
    const asked = { ...(pageSize === undefined ? {} : { page_size: pageSize }), ...(after === null ? {} : { after }) };
    const receipt = await recordAndSign(ports, recordList(principalOf(context.values), asked), context);
    const most = pageSize ?? maxUnpagedSecrets;
    const secrets = await collect(ports, after, most + 1, receipt);
    if (secrets.length <= most) {
      return create(ListResponseSchema, { count: secrets.length, secrets });
    }
    if (pageSize === undefined) {
      throw tooMany();
    }
    const page = secrets.slice(0, most);
    const nextPageToken = tokenOfName(page.at(-1)?.name ?? "");
    return create(ListResponseSchema, { count: page.length, secrets: page, nextPageToken });
  };
}

async function collect(
  { metadata }: RpcPorts,
  after: string | null,
  most: number,
  atLeast: Head,
): Promise<SecretMetadata[]> {
  const secrets: SecretMetadata[] = [];
  while (secrets.length < most) {
    const limit = Math.min(chunkSecrets, most - secrets.length);
    const chunk = await metadata.listSecrets(secrets.at(-1)?.name ?? after, limit, atLeast);
    for (const secret of chunk) {
      secrets.push(metadataMessage(secret));
    }
    if (chunk.length < limit) {
      break;
    }
  }
  return secrets;
}

function tooMany(): VaultError {
  return new VaultError("INVALID_ARGUMENT", `more than ${maxUnpagedSecrets} secrets so list them with pageSize`);
}

function tokenOfName(name: string): string {
  return Buffer.from(name, "utf8").toString("base64url");
}

function nameOfToken(token: string): string {
  const name = Buffer.from(token, "base64url").toString("utf8");
  if (!isSecretName(name)) {
    throw new VaultError("INVALID_ARGUMENT", "pageToken is not one of ours");
  }
  return name;
}
