interface BannerOptions {
  /** host:port. */
  readonly address: string;
  readonly tokenFile: string;
  readonly dataDir: string;
  readonly tls: boolean;
}

/** What the first start shows: lines that can be pasted, in the order in which a newcomer wants them. */
export function bannerOf({ address, tokenFile, dataDir, tls }: BannerOptions): string {
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

  # all of that is in the log, and the log is whole
  npx zsc audit verify --dev

`;
}
