/** The static table: what stands at 1, 2, … (RFC 7541 appendix A). */
const staticTable = `
:authority
:method = GET
:method = POST
:path = /
:path = /index.html
:scheme = http
:scheme = https
:status = 200
:status = 204
:status = 206
:status = 304
:status = 400
:status = 404
:status = 500
accept-charset
accept-encoding = gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate
`
  .trim()
  .split("\n")
  .map((line) => line.split(" = "));
export const staticNames: readonly string[] = staticTable.map(([name = ""]) => name);
export const staticValues: readonly string[] = staticTable.map(([, value = ""]) => value);

/** The code of each byte, and of EOS, has so many bits, in base 36 (RFC 7541 appendix B). */
const huffmanLengths = [
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca",
  "d67777777777777777777777878djde6f56565666577666567655677777fbeds",
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn",
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq",
  "u",
].join("");

/** End of string: it pads a text, and is never in one (RFC 7541 §5.2). */
export const endOfString = 256;

interface HuffmanCode {
  /** A byte, or `endOfString`. */
  readonly symbol: number;
  readonly bits: number;
  readonly code: number;
}

/** The code is canonical: shorter codes come first, and those of one length in the order of their symbols. */
export function huffmanCodes(): readonly HuffmanCode[] {
  const lengths = [...huffmanLengths].map((digit, symbol) => ({ symbol, bits: Number.parseInt(digit, 36) }));
  lengths.sort((one, other) => one.bits - other.bits || one.symbol - other.symbol);
  let next = 0;
  let bitsBefore = 0;
  return lengths.map(({ symbol, bits }) => {
    const code = next << (bits - bitsBefore);
    next = code + 1;
    bitsBefore = bits;
    return { symbol, bits, code };
  });
}
