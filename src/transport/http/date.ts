let text = "";
let untilMs = 0;

/** RFC 9110 §6.6.1, made once a second. */
export function httpDate(): string {
  const nowMs = Date.now();
  if (nowMs >= untilMs || nowMs < untilMs - 1_000) {
    untilMs = nowMs - (nowMs % 1_000) + 1_000;
    text = new Date(nowMs).toUTCString();
  }
  return text;
}
