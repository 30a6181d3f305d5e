/** The process that holds ONNX Runtime's sessions, as seen from the one that starts it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { parse } from 'node:path'
import type { Duplex } from 'node:stream'
// Tests replace the global timers.
import { clearTimeout, setTimeout } from 'node:timers'
import type { InferenceSession } from 'onnxruntime-common'
import { program } from '../../assembled/session-process'
import { FrameReader, writeFrame } from './frames'
import { describeEnd, type ProcessEnd, RuntimeEnd, RuntimeFailure } from './runtime-errors'
import { findRuntimePackage, requireRuntime } from './runtime-package'
import { RuntimeUnavailableError } from './runtime-unavailable-error'
import type { SentTensor, SessionAnswer, SessionRequest, TensorHeader } from './session-messages'

/** Where the program finds its own text and onnxruntime-node. */
const [PROGRAM, RUNTIME_PATH] = ['TESSERAE_RUNTIME_PROGRAM', 'TESSERAE_RUNTIME_PATH']

/** Milliseconds after which a process that never became ready is given up: what started may not be Node. */
const LONGEST_START = 60_000

/** Milliseconds after which a killed process is no longer waited for: a system call may hold it. */
const LONGEST_END = 5_000

/** Characters of the process's log that are kept, from its end. */
const LOG_LENGTH = 2_000

type Bytes = Uint8Array<ArrayBuffer>

interface Waiting {
  resolve(answer: { outputs: readonly TensorHeader[]; parts: readonly Bytes[] }): void
  reject(error: Error): void
}

/** One process. It answers one request after another, and ends with the process that started it. */
export class RuntimeProcess {
  /** Settles when the runtime is loaded. @throws RuntimeUnavailableError */
  readonly ready: Promise<void>
  /** How it ended. */
  readonly ended: Promise<ProcessEnd>
  private readonly child: ChildProcess
  private readonly channel: Duplex | undefined
  private readonly waiting: Waiting[] = []
  private readonly sessions = new Set<number>()
  private readonly starting: NodeJS.Timeout
  private log = ''
  private alive = true
  private isUnreadable = false
  private end!: (end: ProcessEnd) => void

  /** @throws RuntimeUnavailableError */
  constructor() {
    this.child = startProcess()
    const [, , log, channel, lifeline] = this.child.stdio ?? []
    this.channel = channel as Duplex | undefined // All three are pipes.
    this.ended = new Promise(resolve => {
      this.end = resolve
    })
    void this.ended.then(end => this.fail(end))
    const reader = new FrameReader<SessionAnswer>((answer, parts) => this.receive(answer, parts))
    this.channel?.on('data', chunk => this.read(reader, chunk))
    log?.on('data', chunk => {
      this.log = (this.log + chunk).slice(-LOG_LENGTH)
    })
    ;(lifeline as Duplex | undefined)?.resume()
    // The end of the process says what a broken pipe does not.
    for (const stream of [log, channel, lifeline]) stream?.on('error', () => undefined)
    this.child.on('error', error => this.end({ code: null, signal: null, log: error.message }))
    this.child.on('close', (code, signal) => this.end({ code, signal, log: this.log }))
    this.starting = setTimeout(() => this.kill(), LONGEST_START)
    this.starting.unref()
    this.ready = this.answer().then(
      () => clearTimeout(this.starting),
      error => {
        throw startError(error)
      },
    )
    this.ready.catch(() => this.kill())
    this.unref()
  }

  /** Whether it may be asked for something. */
  get isAlive(): boolean {
    return this.alive
  }

  get pid(): number | undefined {
    return this.child.pid
  }

  /** How many sessions it holds. */
  get sessionCount(): number {
    return this.sessions.size
  }

  /** Makes a session from the bytes of an ONNX model. @throws RuntimeFailure, RuntimeEnd */
  async create(session: number, model: Uint8Array, options: InferenceSession.SessionOptions): Promise<void> {
    await this.ask({ do: 'create', session, options }, [model])
    this.sessions.add(session)
  }

  /** Runs a session and returns the tensors of those names. @throws RuntimeFailure, RuntimeEnd */
  async run(
    session: number,
    feeds: Readonly<Record<string, SentTensor>>,
    fetches: readonly string[],
  ): Promise<SentTensor[]> {
    const tensors = Object.entries(feeds)
    const headers = tensors.map(([name, { dtype, shape }]) => ({ name, dtype, shape }))
    const data = tensors.map(([, tensor]) => tensor.data)
    const { outputs, parts } = await this.ask({ do: 'run', session, feeds: headers, fetches }, data)
    return outputs.map((header, i) => tensorFromBytes(header, parts[i] as Bytes))
  }

  /** Releases a session's memory. @throws RuntimeEnd */
  async release(session: number): Promise<void> {
    this.sessions.delete(session)
    await this.ask({ do: 'release', session })
  }

  /** Ends it at once, whatever it computes. */
  kill(): void {
    this.alive = false
    this.child.kill('SIGKILL')
    setTimeout(() => this.end({ code: null, signal: 'SIGKILL', log: this.log }), LONGEST_END).unref()
  }

  /** Keeps this process alive for it. */
  ref(): void {
    this.setRef('ref')
  }

  /** Lets this process end, and it with it. */
  unref(): void {
    this.setRef('unref')
  }

  private setRef(how: 'ref' | 'unref'): void {
    this.child[how]()
    for (const stream of this.child.stdio ?? []) (stream as { ref?(): void; unref?(): void } | null)?.[how]?.()
  }

  private async ask(
    request: SessionRequest,
    parts: readonly ArrayBufferView[] = [],
  ): ReturnType<RuntimeProcess['answer']> {
    if (!this.alive || !this.channel) throw new RuntimeEnd(await this.ended)
    writeFrame(this.channel, request, parts)
    return this.answer()
  }

  /** The next answer that comes. */
  private answer(): Promise<{ outputs: readonly TensorHeader[]; parts: readonly Bytes[] }> {
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
  }

  /** Takes in what the process wrote. If that cannot be held or understood, the call fails, and the process ends: what follows is of no use. */
  private read(reader: FrameReader<SessionAnswer>, chunk: Uint8Array): void {
    if (this.isUnreadable) return
    try {
      reader.push(chunk)
    } catch (error) {
      this.isUnreadable = true
      this.waiting.shift()?.reject(new RuntimeFailure((error as Error).message))
      this.kill()
    }
  }

  private receive({ outputs = [], error }: SessionAnswer, parts: readonly Bytes[]): void {
    const next = this.waiting.shift()
    if (error === undefined) next?.resolve({ outputs, parts })
    else next?.reject(new RuntimeFailure(error))
  }

  private fail(end: ProcessEnd): void {
    this.alive = false
    clearTimeout(this.starting)
    for (const { reject } of this.waiting.splice(0)) reject(new RuntimeEnd(end))
  }
}

/** @throws RuntimeUnavailableError */
function startProcess(): ChildProcess {
  requireRuntime()
  if (process.env[PROGRAM] !== undefined) throw unavailable('process.execPath starts this program instead of Node')
  if (isSingleExecutable()) throw unavailable('this program is a single executable, which cannot run as Node')
  try {
    return spawn(process.execPath, ['--input-type=commonjs', '--eval', `eval(process.env.${PROGRAM})`], {
      // Requests and answers pass through the fourth; the fifth closes with this process.
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      env: environment(findRuntimePackage() as string), // It is there.
      // The current folder may be removed while the process lives.
      cwd: parse(process.execPath).root,
      windowsHide: true,
    })
  } catch (error) {
    throw unavailable((error as Error).message, error)
  }
}

/**
 * Our environment, without what is meant for this process alone: its inspector, loaders and coverage. ONNX Runtime would send telemetry and write files
 * for it unless the variable says no; a user who wants that sets it to 0.
 */
function environment(runtime: string): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, NODE_V8_COVERAGE: __, ORT_DISABLE_TELEMETRY = '1', ...env } = process.env
  return { ...env, ORT_DISABLE_TELEMETRY, ELECTRON_RUN_AS_NODE: '1', [PROGRAM]: program, [RUNTIME_PATH]: runtime }
}

function isSingleExecutable(): boolean {
  return process.getBuiltinModule?.('node:sea')?.isSea() ?? false
}

/** Why a process did not become ready. */
function startError(error: Error): RuntimeUnavailableError {
  if (!(error instanceof RuntimeEnd)) return unavailable(error.message, error)
  const { code, signal, log } = error.end
  // It never began.
  if (code === null && signal === null) return unavailable(log, error)
  return unavailable(`it ended ${describeEnd(error.end)}`, error)
}

function unavailable(reason: string, cause?: unknown): RuntimeUnavailableError {
  const sentence = reason.trim().replace(/[^.!?]$/, '$&.')
  return new RuntimeUnavailableError(
    `the process of ONNX Runtime cannot be started: ${sentence} Allow this program to start processes of Node.`,
    cause,
  )
}

function tensorFromBytes({ dtype, shape }: TensorHeader, { buffer }: Bytes): SentTensor {
  if (dtype === 'float32') return { dtype, shape, data: new Float32Array(buffer) }
  return { dtype, shape, data: dtype === 'int32' ? new Int32Array(buffer) : new Uint8Array(buffer) }
}
