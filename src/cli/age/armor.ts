const bytesOfLine = 48;
const begin = "-----BEGIN AGE ENCRYPTED FILE-----\n";
const end = "-----END AGE ENCRYPTED FILE-----\n";

/** The ASCII armor of an age file, as it is made: the library's own needs all of the file at once. */
export async function* armored(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(begin);
  let left: Uint8Array = new Uint8Array();
  for await (const chunk of file) {
    const bytes = Buffer.concat([left, chunk]);
    const whole = bytes.length - (bytes.length % bytesOfLine);
    yield Buffer.from(linesOf(bytes.subarray(0, whole)));
    left = bytes.subarray(whole);
  }
  yield Buffer.from(linesOf(left) + end);
}

function linesOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += bytesOfLine) {
    text += `${Buffer.from(bytes.subarray(at, at + bytesOfLine)).toString("base64")}\n`;
  }
  return text;
}
