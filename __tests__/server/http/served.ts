/** A server with small pipelines, and a worker in this process that runs what the server accepts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { Block, Image, type In, Input, instance, ModularPipelineBlocks, type Out, Output } from '../../../index'
import {
  createServer,
  createWorker,
  EmbeddedQueue,
  FolderStore,
  type ServedPipeline,
  type ServerOptions,
} from '../../../server'

import { injector } from './inject'

/** Draws grey pictures, and takes its time if it is told to. */
@Block({ description: 'Draws grey pictures.' })
export class DrawGrey extends ModularPipelineBlocks {
  @Input(z.union([z.string(), z.array(z.string()).min(1)]).describe('What to draw.'))
  prompt!: In<string | string[], 'required'>
  @Input(z.int().min(1).optional()) width!: In<number | undefined>
  @Input(z.int().min(1).optional()) height!: In<number | undefined>
  @Input(z.int().min(1).default(3)) numInferenceSteps!: In<number>
  @Input(z.int().min(1).default(1)) numImagesPerPrompt!: In<number>
  @Input(z.number().min(0).max(1).default(0.5)) grey!: In<number>
  @Input(instance(Image).optional()) image!: In<Image | undefined>
  @Input(instance(Date).optional()) date!: In<Date | undefined>
  @Output(z.array(instance(Image)).describe('The pictures.')) images!: Out<Image[]>
  @Output(z.number()) luck!: Out<number>

  async run() {
    if (this.prompt === 'fail') throw new Error('no file at /home/somebody/models/secret.bin')
    if (this.prompt === 'slow') await sleep(60_000, undefined, { signal: this.context.signal as AbortSignal })
    const { width = 8, height = 4, grey } = this
    const data = new Uint8Array(width * height * 3).fill(Math.round(grey * 255))
    this.images = Array.from({ length: this.numImagesPerPrompt }, () => new Image({ width, height, channels: 3, data }))
    this.luck = 7
  }
}

/** What {@link serve} gives. */
export type Served = Awaited<ReturnType<typeof serve>>

/** A server that is closed by `close()`, with a worker unless there is to be none. */
export async function serve({
  isWorked = true,
  pipelines = { grey: new DrawGrey().initPipeline() },
  ...options
}: Omit<Partial<ServerOptions>, 'pipelines'> & {
  isWorked?: boolean
  pipelines?: Record<string, ServedPipeline>
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tesserae-served-'))
  const queue = new EmbeddedQueue()
  const results = new FolderStore(folder)
  const worker = isWorked ? createWorker({ queue, results, pipelines, isolate: false }) : undefined
  const server = createServer({ pipelines, queue, results, ...options })
  const address = await server.listen({ port: 0 })
  const inject = injector(address)
  return {
    address,
    inject,
    server,
    queue,
    results,
    post: (body: unknown, headers: Record<string, string> = {}) =>
      inject({ method: 'POST', url: '/v1/jobs', payload: body as object, headers }),
    get: (url: string, headers: Record<string, string> = {}) => inject({ url, headers }),
    /** Waits until a job has ended. */
    async end(id: string) {
      for await (const _ of queue.events(id));
      return (await queue.get(id)) ?? fail('no such job')
    },
    async close() {
      await worker?.close()
      await server.close()
      await queue.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
