/** How the process of ONNX Runtime fails. */

/** The runtime could not do what it was asked; the message is its own. */
export class RuntimeFailure extends Error {}

/** How a process ended. */
export interface ProcessEnd {
  code: number | null
  signal: NodeJS.Signals | null
  /** The end of what it wrote to standard error. */
  log: string
}

/** The process ended before it answered. */
export class RuntimeEnd extends Error {
  constructor(readonly end: ProcessEnd) {
    super(`The process ended ${describeEnd(end)}.`)
  }
}

/** `with the signal SIGBUS`, `with exit status 1`, and the last line of its log. */
export function describeEnd({ code, signal, log }: ProcessEnd): string {
  const how = signal === null ? `with exit status ${code}` : `with the signal ${signal}`
  const lastLine = log.trim().split('\n').at(-1)
  return lastLine ? `${how} (${lastLine.slice(0, 200)})` : how
}
