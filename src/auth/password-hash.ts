import { createWorkQueue, type Plaintext, type WorkQueue } from "../base/index.ts";

/** argon2id (RFC 9106) of people.md, section 7: 64 MiB, 3 passes, 1 lane; salts of 16 bytes, tags of 32. */
const parameters = { algorithm: 2, memoryCost: 65_536, timeCost: 3, parallelism: 1, outputLen: 32 } as const;

/** Of a password that nobody has: who signs in as nobody costs as much as everybody else. */
const nobodys = "$argon2id$v=19$m=65536,t=3,p=1$AkJdx4YVTEP+ZA44fpl4jg$ma/rdxfEZLjMZFWpV/DOw8Fre2FkrDkYu6WnFiTdJVA";

const hashesAtOnce = 2;
const hashesWaiting = 32;
const hashRetryMs = 2_000;

interface PasswordCheck {
  readonly matches: boolean;
  /** Whether it was hashed with less than what is asked for now. */
  readonly isOutdated: boolean;
}

/** Hashes passwords, two at a time, off the event loop. */
export interface PasswordHasher {
  /** PHC text. @throws VaultError `OVERLOADED` */
  hash(password: Plaintext): Promise<string>;
  /** `phc` undefined: of nobody, at the same cost. @throws VaultError `OVERLOADED` */
  check(phc: string | undefined, password: Plaintext): Promise<PasswordCheck>;
}

export function createPasswordHasher(queue: WorkQueue = usualQueue()): PasswordHasher {
  return {
    hash: (password) => queue.run(async () => (await loaded()).hash(password.bytes, parameters)),
    check: (phc, password) =>
      queue.run(async () => {
        const { verify, parseOptions } = await loaded();
        const isOutdated = (hashed: string) => {
          const { memoryCost, timeCost } = parseOptions(hashed);
          return memoryCost < parameters.memoryCost || timeCost < parameters.timeCost;
        };
        const matches = await verify(phc ?? nobodys, password.bytes);
        return { matches: matches && phc !== undefined, isOutdated: phc !== undefined && isOutdated(phc) };
      }),
  };
}

function usualQueue(): WorkQueue {
  return createWorkQueue({
    atOnce: hashesAtOnce,
    waiting: hashesWaiting,
    retryAfterMs: hashRetryMs,
    message: "too many sign-ins are waiting",
  });
}

/** With the first password: a server that nobody signs in to does without. */
function loaded() {
  return import("@node-rs/argon2");
}
