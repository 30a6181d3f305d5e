import { Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { ProgressDisplay } from '../../cli/progress-display'
import { BlockState, type LoopStepEvent, type WarningEvent } from '../../index'

/** A stream that a terminal, or a pipe, stands behind; keeps what is written. */
class FakeStream extends Writable {
  text = ''

  constructor(
    readonly isTTY: boolean,
    readonly columns?: number,
  ) {
    super()
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }

  /** What is written, line by line, without the codes that move the cursor. */
  get lines(): string[] {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes begin with one.
    return this.text.split(/\x1b(?:[78]|\[[?\d;]*[A-Za-z])|[\r\n]/).filter(line => line.trim() !== '')
  }
}

/** A display on such a stream: the methods that it uses are those of any stream. */
const displayOn = (stream: FakeStream) => new ProgressDisplay(stream as unknown as WriteStream)

const step = (n: number, total: number | undefined = 5): LoopStepEvent => ({
  type: 'loopStep',
  path: ['denoise'],
  step: n,
  total,
  variables: {},
  state: new BlockState(),
})
const warning = (message: string): WarningEvent => ({ type: 'warning', path: [], code: 'PROMPT_EMPTY', message })

describe('ProgressDisplay', () => {
  test('draws a bar with the steps on a terminal, and takes it away at the end', () => {
    const stream = new FakeStream(true, 80)
    const display = displayOn(stream)
    display.begin('drawing')
    display.show(step(1))
    expect(stream.lines[0]).toMatch(/^drawing [█░]+ 0\/5 steps, .+ left$/)
    display.end()
    // The cursor is seen again, at the beginning of an empty line.
    expect(stream.text).toContain('\x1b[?25h')
    expect(stream.text.endsWith('\x1b[1G\x1b[2K')).toBe(true)
  })

  test.each([20, 30, 50, 80, 200])('stays on one line of a terminal of %i columns', columns => {
    const stream = new FakeStream(true, columns)
    const display = displayOn(stream)
    display.begin('picture 100 of 100')
    for (let n = 1; n <= 5; n++) display.show(step(n * 200, 1000))
    display.end()
    expect(stream.lines.length).toBeGreaterThan(0)
    for (const line of stream.lines) expect(line.length).toBeLessThanOrEqual(columns)
    expect(stream.lines[0]).toContain('0/1000')
  })

  test('draws no bar longer than 40 characters on a wide terminal', () => {
    const stream = new FakeStream(true, 500)
    const display = displayOn(stream)
    display.begin('drawing')
    display.show(step(1))
    display.end()
    expect(stream.lines[0]?.replace(/[^█░]/g, '')).toHaveLength(40)
  })

  test('begins a new bar for each picture', () => {
    const stream = new FakeStream(true, 80)
    const display = displayOn(stream)
    display.begin('picture 1 of 2')
    display.show(step(5))
    display.begin('picture 2 of 2')
    display.show(step(1))
    display.end()
    expect(stream.lines.some(line => line.startsWith('picture 1 of 2'))).toBe(true)
    expect(stream.lines.some(line => /^picture 2 of 2 .* 0\/5 steps/.test(line))).toBe(true)
  })

  test('writes nothing into a pipe', () => {
    const stream = new FakeStream(false)
    const display = displayOn(stream)
    display.begin('drawing')
    display.show(step(1))
    display.show(warning('a warning'))
    display.end()
    expect(stream.text).toBe('')
  })

  test('writes nothing for a loop that does not say how often it turns', () => {
    const stream = new FakeStream(true, 80)
    const display = displayOn(stream)
    display.begin('drawing')
    display.show({ ...step(1), total: undefined })
    display.end()
    expect(stream.text).toBe('')
  })

  describe('of a download', () => {
    const at = (file: string, bytes: number, total = 5e6) => ({
      repository: 'org/tiny',
      file,
      fileBytes: bytes,
      fileTotal: total,
      bytes,
      total,
    })

    test('draws a bar for each folder, in megabytes', () => {
      const stream = new FakeStream(true, 80)
      const display = displayOn(stream)
      display.showDownload(at('model_index.json', 10, 100))
      display.showDownload(at('unet/model.safetensors', 1e6))
      display.showDownload(at('unet/model.safetensors', 5e6))
      display.showDownload(at('vae/model.safetensors', 1e6))
      display.end()
      expect(stream.lines.some(line => /^fetching org\/tiny [█░]+ 0\.0 MB of 0\.0 MB/.test(line))).toBe(true)
      expect(stream.lines.some(line => /^fetching unet [█░]+ 0\.0 MB of 5\.0 MB, .+ left$/.test(line))).toBe(true)
      expect(stream.lines.some(line => line.startsWith('fetching vae'))).toBe(true)
      expect(stream.text.endsWith('\x1b[1G\x1b[2K')).toBe(true)
    })

    test.each([20, 50, 80])('stays on one line of a terminal of %i columns', columns => {
      const stream = new FakeStream(true, columns)
      const display = displayOn(stream)
      for (const bytes of [1e6, 2e10]) display.showDownload(at('text_encoder_2/model.safetensors', bytes, 9e10))
      display.end()
      expect(stream.lines.length).toBeGreaterThan(0)
      for (const line of stream.lines) expect(line.length).toBeLessThanOrEqual(columns)
    })

    test('shows the names of folders as they are, and obeys none', () => {
      const stream = new FakeStream(true, 120)
      const display = displayOn(stream)
      display.showDownload(at('a\u001b]0;mine\u0007{value}/model.safetensors', 1e6))
      expect(stream.lines[0]).toMatch(/^fetching a\\u001b\]0;mine\\u0007\(value} [█░]+/)
      display.end()
    })

    test('writes nothing into a pipe, nor for what is here already', () => {
      const pipe = new FakeStream(false)
      displayOn(pipe).showDownload(at('unet/model.safetensors', 1e6))
      const terminal = new FakeStream(true, 80)
      displayOn(terminal).showDownload(at('unet/model.safetensors', 5e6))
      expect(pipe.text + terminal.text).toBe('')
    })
  })

  test('can be ended at any time, also without a stream', () => {
    const display = new ProgressDisplay(undefined)
    display.end()
    display.begin('drawing')
    display.show(step(1))
    display.end()
    display.end()
    expect(display.warnings).toEqual([])
  })

  test('collects each warning once', () => {
    const display = new ProgressDisplay(undefined)
    for (const text of ['one', 'two', 'one']) display.show(warning(text))
    expect(display.warnings).toEqual(['one', 'two'])
  })
})
