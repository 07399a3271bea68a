/** Why a start or a command cannot go on, for whoever started it. The message says what to do about it. */
export class OperatorError extends Error {
  override readonly name: string = "OperatorError";
}
