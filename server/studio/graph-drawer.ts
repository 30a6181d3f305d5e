/** Draws the graphs of pipelines, each once. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type DescribedSvg, describeSvg } from '../../src/picture/svg'
import { compiledFile } from '../compiled-file'
import type { CatalogTask } from '../http/catalog'

/** Megabytes that drawing may take. */
const MOST_MEMORY = 512

/** Keeps what was drawn: there are as many graphs as workflows. */
export class GraphDrawer {
  private readonly drawn = new WeakMap<CatalogTask, Promise<string>>()
  /** One is drawn after another. */
  private last: Promise<unknown> = Promise.resolve()

  /**
   * The graph of a pipeline, or of a workflow, as SVG. The group of each block has its path in `data-path`.
   *
   * @param outputs those to draw at the border: a workflow alone does not know which of its values are asked for
   */
  draw(task: CatalogTask, outputs: readonly string[]): Promise<string> {
    const known = this.drawn.get(task)
    if (known) return known
    const made = this.last.then(() => drawInThread(task, outputs))
    this.last = made.catch(() => undefined)
    this.drawn.set(task, made)
    // What failed for want of memory may work later.
    made.catch(() => this.drawn.delete(task))
    return made
  }
}

function drawInThread({ blocks }: CatalogTask, outputs: readonly string[]): Promise<string> {
  const file = compiledFile(join('studio', 'graph-thread.js'))
  return new Promise((resolve, reject) => {
    const thread = new Worker(file, {
      workerData: withOutputs(describeSvg(blocks, { marksPaths: true }), outputs),
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY },
    })
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', code => reject(new Error(`the thread that draws a graph ended with code ${code}`)))
    thread.unref()
  })
}

function withOutputs({ picture, ...others }: DescribedSvg, names: readonly string[]): DescribedSvg {
  const outputs = picture.outputs.filter(({ name }) => names.includes(name))
  const left = new Set(picture.outputs.filter(port => !outputs.includes(port)).map(({ id }) => id))
  return { ...others, picture: { ...picture, outputs, links: picture.links.filter(({ to }) => !left.has(to)) } }
}
