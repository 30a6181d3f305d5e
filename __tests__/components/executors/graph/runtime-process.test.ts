/** What happens when the process of ONNX Runtime ends, or cannot start. */
import childProcess from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import * as tf from '@tensorflow/tfjs'
import { RuntimeEndedError } from '../../../../components/executors/graph/graph-errors'
import { RuntimeFailure } from '../../../../components/executors/graph/runtime-errors'
import { RuntimeProcess } from '../../../../components/executors/graph/runtime-process'
import { RuntimeUnavailableError } from '../../../../components/executors/graph/runtime-unavailable-error'
import { sessionHost } from '../../../../components/executors/graph/session-host'
import { type ActiveRun, activeRun, withActiveRun } from '../../../../src/runtime/active-run'
import { failureOf } from '../../../blocks/use-emoji-model'
import { useTemporaryFolder } from '../../checkpoints/temporary-folder'
import { useEnvironment } from '../environment'
import { makeDoubling, takeCall } from '../function-model'
import { useGraphExecutor } from '../use-graph-executor'
import { isRunning } from './process-state'
import { largeMatrix, MINUTES, makeSlow, untilComputing } from './slow-model'

const executor = useGraphExecutor()
const realSpawn = childProcess.spawn

const signals: readonly (readonly [NodeJS.Signals, RegExp])[] = [
  ['SIGKILL', /run out of memory: a smaller picture or batch needs less/],
  ['SIGBUS', /may have been truncated: check the files/],
  ['SIGSEGV', /executor 'eager' computes the same without ONNX Runtime/],
]

test.each(signals)(
  'a process that ends with %s fails the call that it computes, and no other',
  async (signal, advice) => {
    const { pid } = await sessionHost.ready()
    const slow = makeSlow(executor(), MINUTES)
    const doubling = makeDoubling().useExecutor(executor())
    const x = largeMatrix()
    const computing = untilComputing()
    const call = failureOf(slow.call({ x }))
    await computing
    const other = takeCall(doubling, [1])
    process.kill(pid as number, signal)
    const error = await call
    expect(error).toBeInstanceOf(RuntimeEndedError)
    expect(error).toMatchObject({ code: 'RUNTIME_ENDED', model: 'FunctionModel', signal })
    expect((error as Error).message).toMatch(new RegExp(`^The process of ONNX Runtime ended with the signal ${signal}`))
    expect((error as Error).message).toMatch(advice)
    expect(await other).toEqual([2])
    expect(await takeCall(doubling, [2])).toEqual([4])
    tf.dispose(x)
    slow.dispose()
    doubling.dispose()
  },
)

test('a process that ends while nobody needs it is replaced, and its sessions are made again', async () => {
  const model = makeDoubling().useExecutor(executor())
  expect(await takeCall(model, [1])).toEqual([2])
  const runtime = await sessionHost.ready()
  process.kill(runtime.pid as number, 'SIGKILL')
  await runtime.ended
  expect(await takeCall(model, [2])).toEqual([4])
  expect(executor().sessionCount).toBe(1)
  model.dispose()
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s, which is for the program, leaves the process alone',
  async signal => {
    const runtime = new RuntimeProcess()
    await runtime.ready
    process.kill(runtime.pid as number, signal)
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(isRunning(runtime.pid as number)).toBe(true)
    runtime.kill()
    expect(await runtime.ended).toMatchObject({ signal: 'SIGKILL' })
  },
)

test('a process whose answer cannot be understood fails the call and ends', async () => {
  const runtime = new RuntimeProcess()
  await runtime.ready
  const release = failureOf(runtime.release(1))
  const { channel } = runtime as unknown as { channel: Duplex }
  // A frame with an empty header.
  channel.emit('data', Buffer.alloc(4))
  channel.emit('data', Buffer.alloc(4))
  expect(await release).toBeInstanceOf(RuntimeFailure)
  expect(await runtime.ended).toMatchObject({ signal: 'SIGKILL' })
})

test('a process belongs to no run, and what it does for a run belongs to that run', async () => {
  sessionHost.running?.kill()
  const spawn = jest.spyOn(childProcess, 'spawn')
  const runs: (ActiveRun | undefined)[] = []
  spawn.mockImplementation((...given: Parameters<typeof childProcess.spawn>) => {
    runs.push(activeRun())
    return realSpawn(...given)
  })
  const inRun = (run: ActiveRun) =>
    withActiveRun(run, () => sessionHost.use(() => Promise.resolve(runs.push(activeRun()))))
  const [first, second] = [newRun(), newRun()]
  await Promise.all([inRun(first), inRun(second)])
  spawn.mockRestore()
  expect(runs).toEqual([undefined, first, second])
  expect(runs[2]).toBe(second)
})

const newRun = (): ActiveRun => ({ path: [], track: () => undefined, warn: () => undefined })

describe('a process that cannot start', () => {
  useEnvironment('TESSERAE_RUNTIME_PROGRAM')
  const folder = useTemporaryFolder()
  const { execPath } = process

  afterEach(() => {
    process.execPath = execPath
  })

  test('says what the system said', async () => {
    process.execPath = '/nowhere/node'
    const error = await failureOf(new RuntimeProcess().ready)
    expect(error).toBeInstanceOf(RuntimeUnavailableError)
    expect((error as Error).message).toMatch(/the process of ONNX Runtime cannot be started: .*ENOENT/)
    expect((error as Error).message).toContain("executor 'eager'")
  })

  test('says how it ended', async () => {
    process.execPath = '/bin/false'
    const error = await failureOf(new RuntimeProcess().ready)
    expect((error as Error).message).toContain('it ended with exit status 1.')
  })

  test('starts where the program is Node only if it is asked to be, as Electron is', async () => {
    if (process.platform === 'win32') return
    const binary = join(folder(), 'electron')
    writeFileSync(binary, `#!/bin/sh\n[ "$ELECTRON_RUN_AS_NODE" = 1 ] && exec '${execPath}' "$@"\nexit 9\n`, {
      mode: 0o755,
    })
    process.execPath = binary
    const started = new RuntimeProcess()
    await started.ready
    started.kill()
    expect(await started.ended).toMatchObject({ signal: 'SIGKILL' })
  })

  test('is not started by a program that was started in its place', () => {
    process.env.TESSERAE_RUNTIME_PROGRAM = 'text'
    expect(() => new RuntimeProcess()).toThrow(RuntimeUnavailableError)
  })
})
