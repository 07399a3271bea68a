import { SessionError } from "./protocol.ts";

/** Frames without a purpose that a client may send at once. */
const maxIdleFrames = 2_000;
/** The same in a second, for longer. */
const maxIdleFramesPerSecond = 200;
/** So many more for each stream: WINDOW_UPDATE, PRIORITY, small DATA and the like. */
const maxIdleFramesPerStream = 10;
/** And for each long DATA frame that was sent to it. */
const maxIdleFramesPerAnswer = 2;

/**
 * Bounds the frames that cost the server work and the client nothing: SETTINGS, PING, PRIORITY, empty DATA,
 * WINDOW_UPDATE, CONTINUATION, frames of closed streams and of unknown types (CVE-2019-9511 to 9518, CVE-2024-27316).
 */
export class FloodGuard {
  #credit = maxIdleFrames;
  #refilledAtMs = performance.now();

  /** @throws SessionError ENHANCE_YOUR_CALM */
  spend(): void {
    this.#credit -= 1;
    if (this.#credit < 0) {
      const nowMs = performance.now();
      this.#credit = Math.min(
        maxIdleFrames,
        this.#credit + ((nowMs - this.#refilledAtMs) / 1_000) * maxIdleFramesPerSecond,
      );
      this.#refilledAtMs = nowMs;
      if (this.#credit < 0) {
        throw new SessionError("ENHANCE_YOUR_CALM", "too many frames without a purpose");
      }
    }
  }

  /** A new stream, which may need some such frames. */
  earnStream(): void {
    this.#credit = Math.min(maxIdleFrames, this.#credit + maxIdleFramesPerStream);
  }

  /** A long DATA frame was sent, for which the client opens the windows again. */
  earnData(): void {
    this.#credit = Math.min(maxIdleFrames, this.#credit + maxIdleFramesPerAnswer);
  }
}
