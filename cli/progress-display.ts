/** A progress bar on a terminal, and nothing in a pipe. */
import type { WriteStream } from 'node:tty'
import { Presets, SingleBar } from 'cli-progress'
import type { PipelineEvent } from '../src'

// The bar takes what is left of the line beside the words.
const WORDS = 38

/** Shows the steps of a run, and collects its warnings. */
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

  /** Takes note of an event of the run. */
  show(event: PipelineEvent): void {
    if (event.type === 'warning' && !this.warnings.includes(event.message)) this.warnings.push(event.message)
    if (event.type !== 'loopStep' || event.total === undefined || !this.stream?.isTTY) return
    this.bar ??= this.start(event.total)
    this.bar.update(event.step)
  }

  /** Takes the bar away. */
  end(): void {
    this.bar?.stop()
    this.bar = undefined
  }

  private start(total: number): SingleBar {
    const room = (this.stream?.columns ?? 80) - this.label.length - WORDS
    const format = room >= 5 ? `${this.label} {bar} {value}/{total} steps, {eta_formatted} left` : '{value}/{total}'
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
    bar.start(total, 0)
    return bar
  }
}
