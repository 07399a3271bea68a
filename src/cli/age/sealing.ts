import { armored } from "./armor.ts";

/** What an age file is sealed with. */
export type Lock = { readonly recipients: readonly string[] } | { readonly passphrase: string };

/**
 * Seals text as it comes: no more than a chunk of 64 KiB of it waits. What `text` throws comes through.
 *
 * With a passphrase, scrypt takes some 1.5 s and up to 650 MB first (work factor 18, the library's and age's own).
 *
 * @see https://age-encryption.org/v1
 *
 * @example
 * for await (const bytes of seal(writeExport(header, secrets), { recipients: ["age1…"] })) {
 *   file.write(bytes);
 * }
 */
export async function* seal(
  text: AsyncIterable<string>,
  lock: Lock,
  { armor = false }: { readonly armor?: boolean } = {},
): AsyncGenerator<Uint8Array, void> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  if ("passphrase" in lock) {
    encrypter.setPassphrase(lock.passphrase);
  } else {
    for (const recipient of lock.recipients) {
      encrypter.addRecipient(recipient);
    }
  }
  const sealed = await encrypter.encrypt(ReadableStream.from(bytesOf(text)));
  yield* armor ? armored(sealed) : sealed;
}

async function* bytesOf(text: AsyncIterable<string>): AsyncGenerator<Uint8Array, void> {
  for await (const piece of text) {
    yield Buffer.from(piece, "utf8");
  }
}
