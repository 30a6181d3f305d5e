/** Which jobs can be computed together: those of one key. */
import type { Job } from '../../../server'
import { batchKey } from '../../../server/worker/batch-key'
import { makeJob } from './make-job'

describe('a batch key', () => {
  const plain = batchKey(makeJob({}))

  test.each<[string, Partial<Job>]>([
    ['texts and seeds', { inputs: { prompt: 'b' }, seed: 2, client: 'b', format: 'webp', previewEvery: 3 }],
    ['the status', { status: 'running', attempts: 1 }],
  ])('is the same for other %s', (_, change) => expect(batchKey(makeJob(change))).toBe(plain))

  test.each<[string, Partial<Job>]>([
    ['a setting', { inputs: { prompt: 'a', guidanceScale: 2 } }],
    ['a negative prompt, where others have none', { inputs: { prompt: 'a', negativePrompt: '' } }],
    ['a component', { components: { scheduler: { name: 'euler' } } }],
    ['a workflow', { workflow: 'text2image' }],
    ['a priority', { priority: 101 }],
    ['a LoRA', { inputs: { prompt: 'a <lora:b:0.5>', promptSyntax: 'a1111' } }],
  ])('differs by %s', (_, change) => {
    expect(batchKey(makeJob(change))).toBeDefined()
    expect(batchKey(makeJob(change))).not.toBe(plain)
  })

  test.each<[string, Partial<Job>]>([
    ['pictures', { inputs: { prompt: 'a', image: 'R0lGODlhAQABAAAAACwAAAAAAQABAAAC' + 'AkQBADs=' } }],
    ['several prompts', { inputs: { prompt: ['a', 'b'] } }],
    ['several pictures', { inputs: { prompt: 'a', numImagesPerPrompt: 2 } }],
    ['tensors', { inputs: { prompt: 'a', outputType: 'tensor' } }],
    ['other outputs', { output: ['images', 'latents'] }],
    ['values that are kept', { keepValues: true }],
    ['a run that may go on', { attempts: 1 }],
    ['a lost worker', { losses: 1 }],
  ])('is missing for %s', (_, change) => expect(batchKey(makeJob(change))).toBeUndefined())
})
