/** Tries something in a process of its own, which may crash or hang. */
import { fork } from 'node:child_process'

/** Characters of a native library's log that are kept, from its end. */
const LOG_LENGTH = 8000

/** What came of it. */
export interface ProcessProbe<M> {
  /** What the process told; `undefined` if it died before. */
  message: M | undefined
  /** Why there is no message, as a sentence. */
  reason: string
  /** What the native libraries wrote. */
  log: string
}

/** Runs a program that sends one message of type `M`, and ends it then. Never rejects for what the program does. */
export function probeInProcess<M>(program: string, argument: string, timeoutMs: number): Promise<ProcessProbe<M>> {
  return new Promise(resolve => {
    const child = fork(program, [argument], {
      silent: true,
      execArgv: [],
      // TensorFlow's warnings say which CUDA libraries it looked for.
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '1' },
    })
    let log = ''
    let message: M | undefined
    let reason = ''
    const timer = setTimeout(() => {
      reason = `It gave no answer within ${timeoutMs / 1000} s.`
      child.kill('SIGKILL')
    }, timeoutMs)
    child.stderr?.on('data', chunk => {
      log = (log + chunk).slice(-LOG_LENGTH)
    })
    child.on('message', answer => {
      message = answer as M // The program sends nothing else.
      // Some native libraries take long to leave.
      child.kill('SIGKILL')
    })
    child.on('error', error => {
      reason = `Its process cannot be started: ${error.message}.`
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      reason ||= `Its process died (${signal ?? `exit status ${code}`}).`
      resolve({ message, reason, log })
    })
  })
}
