// All that the package exports, as an application uses it.
import * as main from "zsc-vault";
import {
  type CallOptions,
  createZscClient,
  type ReadOptions,
  type RetryOptions,
  type SecretOrError,
  type SecretRead,
  type Service,
  type TlsOptions,
  type TokenFile,
  tokenFromFile,
  ZeqContext,
  ZscAdmin,
  type ZscClient,
  type ZscClientOptions,
  ZscError,
  type ZscErrorCode,
} from "zsc-vault/client";

export const isOnePackage: boolean = main.createZscClient === createZscClient && main.ZscError === ZscError;
export const services: readonly string[] = [ZeqContext.typeName, ZscAdmin.typeName];

const retry: RetryOptions = { attempts: 2, pauseMs: 1 };
const tls: TlsOptions = {};

export function connect(baseUrl: string, token: ZscClientOptions["token"], env: Record<string, string>): ZscClient {
  const options: ZscClientOptions = { baseUrl, token, env, retry, tls, timeoutMs: 5_000, fallThrough: true };
  return createZscClient(options);
}

export const tokenIn = (path: string): TokenFile => tokenFromFile(path);

export async function start(vault: ZscClient, signal?: AbortSignal): Promise<string> {
  const options: ReadOptions = { purpose: "start", signal };
  const { user, password } = await vault.readAll(["user", "password"], options);
  return `${user}:${password}`;
}

export async function report(vault: ZscClient, names: readonly string[]): Promise<readonly string[]> {
  const found: ReadonlyMap<string, SecretOrError> = await vault.readMany(names);
  return [...found].map(([name, each]) => `${name}: ${each.error === undefined ? each.source : each.error.code}`);
}

export async function why(reading: Promise<SecretRead>): Promise<ZscErrorCode | "read"> {
  try {
    await reading;
    return "read";
  } catch (error) {
    if (error instanceof ZscError) {
      return error.code;
    }
    throw error;
  }
}

export async function rename(vault: ZscClient, name: string, zid: string): Promise<readonly string[]> {
  const { permissions } = await vault.admin.grant({ name, zid });
  return permissions;
}

export async function receiptOf(admin: Service<typeof ZscAdmin>, name: string): Promise<string | null> {
  let receipt: string | null = null;
  const options: CallOptions = {
    onHeader: (headers) => {
      receipt = headers.get("zsc-receipt");
    },
  };
  await admin.info({ name }, options);
  return receipt;
}
