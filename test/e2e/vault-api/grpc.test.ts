import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { AccountService, SignInService } from "#gen/vault/v1/accounts_pb.js";
import { AgentService } from "#gen/vault/v1/agents_pb.js";
import { AuditService } from "#gen/vault/v1/audit_pb.js";
import { PolicyService } from "#gen/vault/v1/policies_pb.js";
import { SecretService } from "#gen/vault/v1/secrets_pb.js";
import { VaultService } from "#gen/vault/v1/vaults_pb.js";
import { closeVaults, databaseKinds } from "../support/vault.ts";
import { type Api, openApi } from "./support.ts";

afterAll(closeVaults);

describe.each(databaseKinds)("vault.v1 over gRPC, on %s,", (database) => {
  let api: Api;
  beforeAll(async () => {
    api = await openApi(database);
  });
  afterAll(() => api.vault.close());

  const transport = () => createGrpcTransport({ baseUrl: `http://127.0.0.1:${api.vault.port}` });
  const as = (key: string, more: Readonly<Record<string, string>> = {}) => ({
    headers: { authorization: `Bearer ${key}`, ...more },
  });
  const services = () => ({
    vaults: createClient(VaultService, transport()),
    secrets: createClient(SecretService, transport()),
    policies: createClient(PolicyService, transport()),
    agents: createClient(AgentService, transport()),
    account: createClient(AccountService, transport()),
    signIn: createClient(SignInService, transport()),
    audit: createClient(AuditService, transport()),
  });
  const refusal = async (call: Promise<unknown>) => {
    const error = ConnectError.from(await call.catch((reason: unknown) => reason));
    const [info] = error.findDetails(ErrorInfoSchema);
    return [Code[error.code], info?.reason, info?.domain];
  };

  test("every service has the powers of its routes, and each answer a receipt", async () => {
    const { vaults, secrets, policies, agents, account, signIn, audit } = services();
    const own = as(api.ann.key);
    let receipt: string | null = null;
    const { id: vaultId } = await vaults.createVault(
      { name: "grpc" },
      { ...own, onHeader: (h) => (receipt = h.get("zsc-receipt")) },
    );
    expect(receipt).toMatch(/^\d+\.[0-9a-f]{64}$/);
    expect((await vaults.listVaults({}, own)).vaults.map(({ id }) => id)).toEqual([vaultId]);
    expect((await vaults.getVault({ vaultId }, own)).name).toBe("grpc");

    const place = { vaultId, path: "a/b" };
    expect(await secrets.putSecret({ ...place, value: "v1", metadata: { env: "ci" } }, own)).toMatchObject({
      version: 1,
    });
    expect(await secrets.getSecret(place, own)).toMatchObject({
      value: "v1",
      metadata: { env: "ci" },
      type: "generic",
    });
    expect(await secrets.rotateSecret({ ...place, length: 16n }, own)).toMatchObject({ version: 2 });
    expect((await secrets.getSecretVersion({ ...place, version: "1" }, own)).value).toBe("v1");
    await secrets.disableSecretVersion({ ...place, version: "1" }, own);
    expect((await secrets.listSecretVersions(place, own)).versions.map(({ isDisabled }) => isDisabled)).toEqual([
      undefined,
      true,
    ]);
    expect((await secrets.listSecrets({ vaultId, prefix: "a/" }, own)).secrets).toHaveLength(1);

    const { agent, apiKey } = await agents.createAgent({ name: "worker" }, own);
    const agentId = agent?.id ?? "";
    expect((await agents.getAgent({ agentId }, own)).name).toBe("worker");
    expect((await agents.updateAgent({ agentId, description: "builds" }, own)).description).toBe("builds");
    expect((await agents.listAgents({}, own)).agents).toHaveLength(1);
    const { accessToken, agentId: found } = await signIn.exchangeAgentKey({ apiKey });
    expect(found).toBe(agentId);
    const granted = { vaultId, secretPathPattern: "a/*", principalType: "agent", principalId: agentId };
    const policy = await policies.createPolicy({ ...granted, permissions: ["read"] }, own);
    expect((await secrets.getSecret(place, as(accessToken))).value).toHaveLength(16);
    expect((await policies.listPolicies({ vaultId }, own)).policies.map(({ id }) => id)).toEqual([policy.id]);
    const changed = { vaultId, policyId: policy.id, permissions: { names: ["read", "write"] } };
    expect((await policies.updatePolicy(changed, own)).permissions).toEqual(["read", "write"]);
    await policies.deletePolicy({ vaultId, policyId: policy.id }, own);
    expect((await agents.getOwnAgent({}, as(accessToken))).id).toBe(agentId);
    expect((await agents.rotateAgentKey({ agentId }, own)).apiKey).not.toBe(apiKey);
    await agents.deleteAgent({ agentId }, own);

    expect(await account.getProfile({}, own)).toMatchObject({ email: "ann@example.com", authMethod: "api_key" });
    expect((await account.updateProfile({ displayName: "Ann" }, own)).displayName).toBe("Ann");
    const key = await account.createApiKey({ name: "ci" }, own);
    expect((await account.listApiKeys({}, own)).keys).toHaveLength(2);
    await account.revokeApiKey({ keyId: key.key?.id ?? "" }, own);
    const token = await signIn.exchangeApiKey({ apiKey: api.ann.key });
    await account.logout({}, as(token.accessToken));
    expect(await refusal(account.getProfile({}, as(token.accessToken)))).toEqual([
      "Unauthenticated",
      "UNAUTHENTICATED",
      "vault.v1",
    ]);
    expect((await signIn.getJwtPublicKey({})).alg).toBe("EdDSA");
    expect(await signIn.getHealth({})).toMatchObject({ status: "healthy" });
    expect(await signIn.getKeyHealth({})).toMatchObject({ status: "ok" });
    const { events, count } = await audit.listAuditEvents({ limit: 1000n, resourceId: vaultId }, own);
    expect(events.map(({ action }) => action)).toEqual(expect.arrayContaining(["vault.create", "policy.delete"]));
    expect(count).toBe(events.length);
    expect(await audit.verifyAuditChain({}, own)).toMatchObject({ chainValid: true });
    await secrets.deleteSecret(place, own);
    await vaults.deleteVault({ vaultId }, own);
  }, 60_000);

  test("errors have the codes of the contract", async () => {
    const { vaults, secrets, agents, signIn } = services();
    const own = as(api.ann.key);
    const { id: vaultId } = await vaults.createVault({ name: "codes" }, own);
    const place = { vaultId, path: "x" };
    expect(await refusal(vaults.createVault({ name: "codes" }, own))).toEqual([
      "AlreadyExists",
      "CONFLICT",
      "vault.v1",
    ]);
    expect(await refusal(vaults.getVault({ vaultId: "x" }, own))).toEqual([
      "InvalidArgument",
      "INVALID_ARGUMENT",
      "vault.v1",
    ]);
    expect(await refusal(secrets.getSecret(place, own))).toEqual(["NotFound", "NOT_FOUND", "vault.v1"]);
    await secrets.putSecret({ ...place, value: "v" }, as(api.ann.key, { "if-none-match": "*" }));
    const again = secrets.putSecret({ ...place, value: "v" }, as(api.ann.key, { "if-none-match": "*" }));
    expect(await refusal(again)).toEqual(["Aborted", "PRECONDITION_FAILED", "vault.v1"]);
    const keyed = as(api.ann.key, { "idempotency-key": "k1" });
    const first = await secrets.putSecret({ ...place, value: "w" }, keyed);
    expect((await secrets.putSecret({ ...place, value: "w" }, keyed)).id).toBe(first.id);
    expect(await refusal(secrets.putSecret({ ...place, value: "other" }, keyed))).toEqual([
      "InvalidArgument",
      "UNPROCESSABLE",
      "vault.v1",
    ]);
    await secrets.deleteSecret(place, own);
    expect(await refusal(secrets.getSecret(place, own))).toEqual(["FailedPrecondition", "GONE", "vault.v1"]);
    expect(await refusal(agents.getOwnAgent({}, own))).toEqual(["PermissionDenied", "FORBIDDEN", "vault.v1"]);
    expect(await refusal(vaults.listVaults({}))).toEqual(["Unauthenticated", "UNAUTHENTICATED", "vault.v1"]);
    expect(await refusal(signIn.refreshToken({}))).toEqual(["InvalidArgument", "INVALID_ARGUMENT", "vault.v1"]);
    expect(await refusal(signIn.signUp({ email: "a@example.com", password: "x" }))).toEqual([
      "PermissionDenied",
      "FORBIDDEN",
      "vault.v1",
    ]);
    expect(await refusal(secrets.putSecret({ ...place, value: "x".repeat(5_300_000) }, own))).toEqual([
      "ResourceExhausted",
      "MESSAGE_TOO_LARGE",
      "vault.v1",
    ]);
    expect((await secrets.putSecret({ ...place, value: "y".repeat(4_194_304) }, own)).version).toBe(3);
  }, 60_000);

  test("Connect and gRPC-Web reach the same", async () => {
    const baseUrl = `http://127.0.0.1:${api.vault.port}`;
    for (const made of [
      createConnectTransport({ baseUrl, httpVersion: "1.1" }),
      createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
    ]) {
      const profile = await createClient(AccountService, made).getProfile({}, as(api.ann.key));
      expect(profile.email).toBe("ann@example.com");
    }
  });
});
