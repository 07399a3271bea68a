/** Why the server cannot start or a command cannot continue. The message tells the operator what to do. */
export class OperatorError extends Error {
  override readonly name: string = "OperatorError";
}
