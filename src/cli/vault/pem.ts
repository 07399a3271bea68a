import { X509Certificate } from "node:crypto";

/** The certificates of a text in PEM, in their order; null when there is none, or one is damaged. */
export function tryParseCertificates(pem: string): readonly X509Certificate[] | null {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  try {
    return blocks?.map((block) => new X509Certificate(block)) ?? null;
  } catch {
    return null;
  }
}
