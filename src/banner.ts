interface BannerOptions {
  /** host:port. */
  readonly address: string;
  readonly tokenFile: string;
  /** The key of the owner of the vault API. */
  readonly ownerFile: string;
  readonly dataDir: string;
  readonly tls: boolean;
}

/** What the first start shows: lines that can be pasted, in the order in which a newcomer wants them. */
export function bannerOf({ address, tokenFile, ownerFile, dataDir, tls }: BannerOptions): string {
  const base = `${tls ? "https" : "http"}://${address}`;
  const grpcurl = tls ? "grpcurl" : "grpcurl -plaintext";
  return `
ZSC is ready at ${base} (gRPC, Connect, gRPC-Web and JSON).
Development mode: keys and data are in ${dataDir}/, and only this machine can reach it. Not for production.

In another terminal, in this folder:

  export TOKEN="$(cat ${tokenFile})"

  # set a secret, and look at it
  curl -s ${base}/api/zsc/set -H "Authorization: Bearer $TOKEN" -d '{"name":"db-password","value":"correct horse","boundZid":"ZEQ-APP"}'
  curl -s ${base}/api/zsc/info/db-password -H "Authorization: Bearer $TOKEN"

  # may a stranger read it?
  curl -s ${base}/api/zsc/probe-permission -H "Authorization: Bearer $TOKEN" -d '{"name":"db-password","asZid":"ZEQ-STRANGER"}'

  # read it as its owner, over gRPC
  export CALLER="$(npx zsc token --dev --role caller --zid ZEQ-APP --ttl 12h)"
  ${grpcurl} -H "Authorization: Bearer $CALLER" -d '{"name":"db-password"}' ${address} zsc.v1.ZeqContext/Read

  # the vault API (/v1), for 1Claw's clients: make a vault, put, get (docs/1claw.md)
  export KEY="$(cat ${ownerFile})"
  export VAULT="$(curl -s ${base}/v1/vaults -H "Authorization: Bearer $KEY" -d '{"name":"default"}' | cut -d '"' -f 4)"
  curl -s -X PUT ${base}/v1/vaults/$VAULT/secrets/api-keys/openai -H "Authorization: Bearer $KEY" -d '{"value":"sk-1"}'
  curl -s ${base}/v1/vaults/$VAULT/secrets/api-keys/openai -H "Authorization: Bearer $KEY"

  # all of that is in the log, and the log is whole
  npx zsc audit verify --dev

`;
}
