import { create } from "@bufbuild/protobuf";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  type AccountService,
  ProfileSchema,
  type SignInService,
  SignUpResponseSchema,
  TokenResponseSchema,
} from "#gen/vault/v1/accounts_pb.js";
import { parseNewPassword, parsePresentedPassword } from "../../auth/index.ts";
import { BoundedMap, VaultError } from "../../base/index.ts";
import {
  type Asked,
  changePassword,
  findCaller,
  finishSignIn,
  type PasswordSignIn,
  type Person,
  parseEmail,
  readProfile,
  rehashPassword,
  signUp,
  startSignIn,
  updateProfile,
} from "../../people/index.ts";
import { type AccessTable, lastOf, sign, submitAndSign, submitFor } from "../kernel/index.ts";
import { invalid, storedTimeText, textIn } from "./fields.ts";
import { askedIn, type VaultPorts } from "./ports.ts";
import { networkOf } from "./rate-limit.ts";

const maxNameLength = 255;

export const passwordAccess: AccessTable = {
  "vault.v1.SignInService/SignIn": "public",
  "vault.v1.SignInService/SignUp": "public",
  "vault.v1.SignInService/RefreshToken": "public",
  "vault.v1.AccountService/UpdateProfile": ["person"],
  "vault.v1.AccountService/ChangePassword": ["person"],
};

interface SignInOptions {
  /** Refuses who signs in too often. */
  limit(context: HandlerContext): VaultError | undefined;
  addressOf(context: HandlerContext): string;
}

type SignIns = Pick<ServiceImpl<typeof SignInService>, "signIn" | "signUp" | "refreshToken">;

/** Sign-in by password; public. */
export function createPasswordSignIns(ports: VaultPorts, { limit, addressOf }: SignInOptions): SignIns {
  const { sequencer, organisation, passwords, fingerprint, signUpIsOpen, userTokenSeconds: ttlSeconds } = ports;

  function admit(context: HandlerContext): void {
    const refusal = limit(context);
    if (refusal !== undefined) {
      throw refusal;
    }
  }

  async function tokenOf({ sub, scopes, tokenEpoch: epoch }: Person): Promise<string> {
    const { id: org, tokens } = await organisation();
    return await tokens.sign({ sub, org, scopes, keyId: null, epoch, ttlSeconds });
  }

  return {
    async signIn({ email: given, password: presented }, context) {
      admit(context);
      const email = emailIn(given);
      const password = parsePresentedPassword(presented);
      try {
        const address = addressOf(context);
        const account = fingerprint(`sign-in ${email}`, new Uint8Array());
        const attempt: PasswordSignIn = { email, address, attempt: { account, network: networkOf(address) } };
        const { value: claimed } = await sequencer.submit(startSignIn(attempt));
        const { matches, isOutdated } = await passwords.check(claimed?.passwordHash ?? undefined, password);
        const { value: person, receipts } = await sequencer.submit(
          finishSignIn(attempt, matches ? claimed : undefined),
        );
        sign(context, lastOf(receipts));
        if (isOutdated) {
          await rehash(person, password);
        }
        return create(TokenResponseSchema, {
          ...{ accessToken: await tokenOf(person), tokenType: "Bearer", expiresIn: ttlSeconds },
        });
      } finally {
        password.wipe();
      }
    },

    async signUp({ email: given, password: wanted, displayName }, context) {
      admit(context);
      if (!signUpIsOpen) {
        throw new VaultError("FORBIDDEN", "Sign-up is off");
      }
      const email = emailIn(given);
      const name = textIn(displayName, "display_name", 0, maxNameLength);
      const password = parseNewPassword(wanted);
      try {
        await passwords.judge(password, [email, name]);
        const passwordHash = await passwords.hash(password);
        const submitted = await sequencer.submit(signUp({ email, name, passwordHash }, addressOf(context)));
        sign(context, lastOf(submitted.receipts));
        return create(SignUpResponseSchema, {
          ...{ message: "The user was made", email, accessToken: await tokenOf(submitted.value), tokenType: "Bearer" },
        });
      } finally {
        password.wipe();
      }
    },

    async refreshToken() {
      throw invalid("refresh tokens are not issued");
    },
  };

  /** The parameters were raised since the password was hashed. */
  async function rehash(person: Person, password: Parameters<typeof passwords.hash>[0]): Promise<void> {
    const passwordHash = await passwords.hash(password);
    await sequencer.submit(rehashPassword(person, passwordHash));
  }
}

type Accounts = Pick<ServiceImpl<typeof AccountService>, "getProfile" | "updateProfile" | "changePassword">;

/** Attempts to change a password with a wrong current one: so many at once, and one more each three minutes. */
const wrongCurrentAtOnce = 5;
const wrongCurrentEveryMs = 180_000;
const maxCountedUsers = 10_000;

/** What users do with their own profile and password. */
export function createPasswordAccounts(ports: VaultPorts): Accounts {
  const { passwords, organisation } = ports;
  const wrongs = new BoundedMap<{ count: number; atMs: number }>(maxCountedUsers);

  function refuseTooManyWrong({ credential: { sub } }: Asked): void {
    const { count, atMs } = wrongs.get(sub) ?? { count: 0, atMs: 0 };
    const left = count - Math.floor((ports.clock.nowMs() - atMs) / wrongCurrentEveryMs);
    if (left >= wrongCurrentAtOnce) {
      throw new VaultError("RATE_LIMITED", "Too many attempts", { retryAfterMs: wrongCurrentEveryMs });
    }
  }

  function countWrong({ credential: { sub } }: Asked): void {
    const nowMs = ports.clock.nowMs();
    const { count, atMs } = wrongs.get(sub) ?? { count: 0, atMs: nowMs };
    const left = Math.max(0, count - Math.floor((nowMs - atMs) / wrongCurrentEveryMs));
    wrongs.set(sub, { count: left + 1, atMs: nowMs });
  }

  async function profileOf(person: Person) {
    const { sub, email, name, role, createdAt, passwordHash, marketingEmails } = person;
    return create(ProfileSchema, {
      ...{ id: sub.slice("user:".length), email: email ?? "", displayName: name, role },
      ...{ authMethod: passwordHash === null ? "api_key" : "password", marketingEmails: marketingEmails === 1 },
      ...{ createdAt: storedTimeText(createdAt), orgId: (await organisation()).id },
    });
  }

  return {
    getProfile: async (_request, context) =>
      profileOf(await submitAndSign(ports, readProfile(askedIn(context)), context)),

    async updateProfile({ displayName, marketingEmails }, context) {
      const changes = {
        name: displayName === undefined ? undefined : textIn(displayName, "display_name", 0, maxNameLength),
        marketingEmails: marketingEmails === undefined ? undefined : Number(marketingEmails),
      };
      return profileOf(await submitAndSign(ports, updateProfile(askedIn(context), changes), context));
    },

    async changePassword({ currentPassword, newPassword }, context) {
      const asked = askedIn(context);
      const current = parsePresentedPassword(currentPassword, "current_password");
      try {
        const next = parseNewPassword(newPassword, "new_password");
        try {
          const { value: person } = await submitFor(ports, findCaller(asked), context);
          refuseTooManyWrong(asked);
          const { matches } = await passwords.check(person.passwordHash ?? undefined, current);
          if (!matches || person.passwordHash === null) {
            countWrong(asked);
            throw new VaultError("UNAUTHENTICATED", "Invalid credentials");
          }
          await passwords.judge(next, [person.email ?? "", person.name]);
          const hash = await passwords.hash(next);
          await submitAndSign(ports, changePassword(asked, person.passwordHash, hash), context);
          return create(EmptySchema);
        } finally {
          next.wipe();
        }
      } finally {
        current.wipe();
      }
    },
  };
}

function emailIn(text: string): string {
  if (text === "") {
    throw invalid("email must be given");
  }
  return parseEmail(text);
}
