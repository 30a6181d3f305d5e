/** What --trace and --profile make of activities; and `generate` with both, in this process. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ActivityRecorder, type RecordedActivity } from '../../cli/activity-recorder'
import { chromeTrace } from '../../cli/chrome-trace'
import { generate } from '../../cli/generate'
import { profileRows, profileTable } from '../../cli/profile'
import { type Activity, selectBackend, UnwritableFileError } from '../../index'
import { emojiFolder, failureOf } from '../blocks/use-emoji-model'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'
import { useLeakCheck } from '../components/tensors/use-leak-check'

const folder = useTemporaryFolder()
beforeAll(() => selectBackend({ backend: 'wasm', threads: 1 }))
useLeakCheck()

interface TraceEvent {
  ph: string
  name: string
  cat?: string
  ts: number
  dur: number
  tid: number
  args: Record<string, unknown>
}

const eventsOf = (text: string) => (JSON.parse(text) as { traceEvents: TraceEvent[] }).traceEvents

/** An activity that has ended. */
function recorded(given: Partial<Activity>, duration: number, peakMemory?: number): RecordedActivity {
  const activity = {
    kind: 'block',
    name: 'x',
    path: ['x'],
    attributes: {},
    parent: undefined,
    start: 0,
    ...given,
  } as const
  return { activity, duration, failed: false, peakMemory }
}

describe('generate', () => {
  test('writes a Chrome trace, and a profile into the JSON', async () => {
    const trace = join(folder(), 'trace.json')
    const printed: string[] = []
    jest.spyOn(console, 'log').mockImplementation(text => void printed.push(String(text)))
    await generate('pizza', {
      model: emojiFolder,
      negative: '',
      steps: 2,
      guidance: 1,
      count: 2,
      seed: 1,
      out: join(folder(), 'x.png'),
      backend: 'wasm',
      json: true,
      profile: true,
      trace,
      version: '0',
    })
    const { profile } = JSON.parse(printed.join('\n'))
    const denoise = { kind: 'block', name: 'predictNoise', calls: 4, path: expect.arrayContaining(['denoise']) }
    expect(profile).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'run', calls: 2, path: [] }),
        expect.objectContaining(denoise),
        expect.objectContaining({ kind: 'load', name: 'unet', calls: 1 }),
      ]),
    )
    for (const { peakMemory } of profile) expect(peakMemory).toBeGreaterThan(2 ** 20)
    const events = eventsOf(readFileSync(trace, 'utf8'))
    const names = (cat: string) => events.filter(event => event.cat === cat).map(({ name }) => name)
    expect(names('run')).toHaveLength(2)
    expect(names('loopStep')).toEqual(['step 1', 'step 2', 'step 1', 'step 2'])
    expect(names('model')).toContain('UNet2DConditionModel')
    // In each row, an event lies wholly inside of another or outside.
    for (const a of events) {
      for (const b of events) {
        if (a.ph !== 'X' || b.ph !== 'X' || a.tid !== b.tid || a.ts >= b.ts) continue
        expect(b.ts >= a.ts + a.dur || b.ts + b.dur <= a.ts + a.dur + 1e-6).toBe(true)
      }
    }
  })

  test('fails before the work if the folder of the trace is missing', async () => {
    const trace = join(folder(), 'missing', 'trace.json')
    const options = { model: emojiFolder, count: 1, seed: 1, backend: 'wasm', trace, version: '0' } as const
    expect(await failureOf(generate('pizza', options))).toBeInstanceOf(UnwritableFileError)
  })
})

describe('ActivityRecorder', () => {
  test('counts a peak of memory for all that is under way, and for nothing else', () => {
    const peaks = [1, 2, 9, 4, 5, 6]
    const recorder = new ActivityRecorder(() => peaks.shift() as number)
    const [whole, first, second] = ['whole', 'first', 'second'].map(name => recorded({ name }, 0).activity)
    recorder.begin(whole as Activity) // 1 came before
    recorder.begin(first as Activity) // 2
    recorder.end(first as Activity, { end: 1, error: undefined }) // 9
    recorder.begin(second as Activity) // 4
    recorder.end(second as Activity, { end: 2, error: new Error() }) // 5
    recorder.end(whole as Activity, { end: 3, error: undefined }) // 6
    expect(recorder.activities.map(({ activity, peakMemory, failed }) => [activity.name, peakMemory, failed])).toEqual([
      ['first', 9, false],
      ['second', 5, true],
      ['whole', 9, false],
    ])
  })
})

describe('chromeTrace()', () => {
  test('puts what overlaps without being a part into rows of its own', () => {
    const events = eventsOf(
      chromeTrace([
        recorded({ kind: 'session', name: 'b', start: 5 }, 10),
        recorded({ kind: 'session', name: 'a', start: 0 }, 10),
        recorded({ kind: 'session', name: 'c', start: 12 }, 2),
      ]),
    )
    const rows = new Map(events.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args.name]))
    const places = events.filter(({ ph }) => ph === 'X').map(({ name, tid, ts, dur }) => [name, rows.get(tid), ts, dur])
    expect(places).toEqual([
      ['a', 'sessions', 0, 10_000],
      ['b', 'sessions 2', 5_000, 10_000],
      ['c', 'sessions', 12_000, 2_000],
    ])
  })
})

test('the table sums loops up, and shows loading below the blocks', () => {
  const rows = profileRows([
    recorded({ kind: 'load', name: 'unet', path: [], start: 0 }, 1500, 3e8),
    recorded({ name: 'add', path: ['loop', 'add'], start: 11 }, 20, 4e8),
    recorded({ name: 'add', path: ['loop', 'add'], start: 31 }, 30, 5e8),
    recorded({ name: 'loop', path: ['loop'], start: 10 }, 60, 5e8),
    recorded({ kind: 'loopStep', name: 'loop', path: ['loop'], start: 11 }, 20),
    recorded({ kind: 'run', name: 'Tree', path: [], start: 9 }, 100, 5e8),
  ])
  expect(profileTable(rows).split('\n')).toEqual([
    'block    calls      time    share  peak memory',
    'Tree         1  100.0 ms  100.0 %       500 MB',
    '  loop       1   60.0 ms   60.0 %       500 MB',
    '    add      2   50.0 ms   50.0 %       500 MB',
    'loading',
    '  unet       1    1.50 s                300 MB',
  ])
})
