/** Serves the bundled model over HTTP, draws a picture as any client would, and stops. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundledModel, Image, StableDiffusionAutoBlocks } from '../index'
import { createServer, createWorker, EmbeddedQueue, FolderStore } from '../server'

/** Returns the picture that the server has sent. */
export async function main({ steps = 20 }: { steps?: number } = {}): Promise<Image> {
  const folder = await mkdtemp(join(tmpdir(), 'pictures-'))
  const pipe = new StableDiffusionAutoBlocks().initPipeline(bundledModel('emoji'))
  await pipe.loadComponents()
  const pipelines = { emoji: pipe }
  const queue = new EmbeddedQueue()
  const results = new FolderStore(folder)
  // Workers may also run in processes of their own: pass models by name, without `isolate: false`.
  const worker = createWorker({ queue, results, pipelines, isolate: false })
  const server = createServer({ pipelines, queue, results, workers: [worker] })
  try {
    return await drawAt(await server.listen({ port: 0 }), steps)
  } finally {
    await server.close()
    await queue.close()
    pipe.dispose()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Asks a server for a picture. */
async function drawAt(address: string, steps: number): Promise<Image> {
  const accepted = await fetch(`${address}/v1/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ inputs: { prompt: 'red apple', numInferenceSteps: steps, guidanceScale: 4 }, seed: 1 }),
  })
  const { links } = (await accepted.json()) as { links: { self: string; events: string } }
  // The stream ends with the job.
  for await (const text of (await fetch(address + links.events)).body as AsyncIterable<Uint8Array>) {
    process.stderr.write(new TextDecoder().decode(text).includes('"loopStep"') ? '.' : '')
  }
  const { result } = (await (await fetch(address + links.self)).json()) as { result: { pictures: { url: string }[] } }
  const file = await fetch(address + result.pictures[0]?.url)
  return Image.load(new Uint8Array(await file.arrayBuffer()))
}

if (require.main === module) {
  void main().then(image => image.save('served-apple.png'))
}
