/** A progress bar on a terminal, and nothing in a pipe. */
import type { WriteStream } from 'node:tty'
import { Presets, SingleBar } from 'cli-progress'
import type { DownloadProgress, PipelineEvent } from '../src'
import { printableName } from '../src/errors/printable'

// The bar takes what is left of the line beside the words.
const WORDS = 38

/** Shows the steps of a run and the bytes of a download, and collects the warnings of runs. */
export class ProgressDisplay {
  /** Warnings of all runs, each once. */
  readonly warnings: string[] = []
  private bar: SingleBar | undefined
  private label = ''

  /** @param stream where to draw; `undefined` to draw nothing */
  constructor(private readonly stream: WriteStream | undefined) {}

  /** A run begins. */
  begin(label: string): void {
    this.end()
    this.label = label
  }

  /** Records an event of the run. */
  show(event: PipelineEvent): void {
    if (event.type === 'warning') this.warn(event.message)
    if (event.type !== 'loopStart' && event.type !== 'loopStep') return
    if (event.total === undefined || !this.stream?.isTTY) return
    const room = (this.stream.columns ?? 80) - this.label.length - WORDS
    const format = room >= 5 ? `${this.label} {bar} {value}/{total} steps, {eta_formatted} left` : '{value}/{total}'
    this.bar ??= this.start(event.total, format, room)
    this.bar.update(event.step)
  }

  /** Records a warning, of the same one once. */
  warn(message: string): void {
    if (!this.warnings.includes(message)) this.warnings.push(message)
  }

  /** Records how far a download is: one bar for each folder of a repository, and none for one that has come in. */
  showDownload({ repository, file, bytes, total }: DownloadProgress): void {
    if (!this.stream?.isTTY) return
    const folder = file.includes('/') ? file.slice(0, file.lastIndexOf('/')) : repository
    // A name could hold one of the bar's own words.
    const label = `fetching ${printableName(folder).replaceAll('{', '(')}`
    if (label !== this.label || bytes >= total) this.begin(label)
    if (bytes >= total) return
    const room = (this.stream.columns ?? 80) - label.length - WORDS
    const format = room >= 5 ? `${label} {bar} {done} of {size}, {eta_formatted} left` : '{percentage} %'
    this.bar ??= this.start(total, format, room)
    this.bar.setTotal(total)
    this.bar.update(bytes, { done: megabytes(bytes), size: megabytes(total) })
  }

  /** Takes the bar away. */
  end(): void {
    this.bar?.stop()
    this.bar = undefined
  }

  private start(total: number, format: string, room: number): SingleBar {
    const bar = new SingleBar(
      {
        format,
        barsize: Math.min(40, Math.max(5, room)),
        hideCursor: true,
        clearOnComplete: true,
        stream: this.stream,
        gracefulExit: false,
      },
      Presets.shades_classic,
    )
    bar.start(total, 0, { done: megabytes(0), size: megabytes(total) })
    return bar
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
