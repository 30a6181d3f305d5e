/** A process that saves a state over another is killed at 50 moments: the file holds one of the two. */
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type * as tf from '@tensorflow/tfjs'
import { PipelineState } from '../../../index'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { useBackend } from '../../components/models/use-backend'
import { killAtPoints, runSave } from '../files/killed-saves'

/** Tensors of a state: each is written by a call of its own, so there are many moments to be killed at. */
const COUNT = 30

const save = `
  const tf = library('components/tensors/tf')
  library('components/states/value-kinds')
  const { PipelineState } = library('src/state/pipeline-state')
  const state = new PipelineState()
  const fill = Number(process.env.FILL)
  state.set('fill', fill, 'group')
  for (let i = 0; i < ${COUNT}; i++) state.set('tensor' + i, tf.fill([50, 50], fill))
  await startCounting()
  await state.save(process.env.STATE)
`

describe('saving a state over another', () => {
  useBackend('cpu')
  const folder = useTemporaryFolder()

  test('leaves the old or the new, whenever the process is killed', async () => {
    const place = (run: string) => join(folder(), run, 'run.safetensors')
    const seen = { old: 0, new: 0 }
    const prepare = async (run: string) => {
      await mkdir(join(folder(), run))
      const state = new PipelineState()
      state.set('fill', 1)
      await state.save(place(run))
      return { STATE: place(run), FILL: '2' }
    }
    await killAtPoints(save, 50, folder(), prepare, async run => {
      const state = await PipelineState.load(place(run))
      const isOld = state.get('fill') === 1
      expect(state.values.size).toBe(isOld ? 1 : COUNT + 1)
      if (!isOld) {
        expect(state.getByKwargs('group')).toEqual({ fill: 2 })
        for (let i = 0; i < COUNT; i++) {
          const values = state.get<tf.Tensor>(`tensor${i}`)?.dataSync() ?? []
          expect([values.length, ...new Set(values)]).toEqual([2500, 2])
        }
      }
      state.dispose()
      seen[isOld ? 'old' : 'new']++
    })
    expect(seen.old).toBeGreaterThan(10)
    expect(seen.new).toBeGreaterThan(0)

    const [run] = (await readdir(folder())).filter(name => /^killed-[3-9]\d$/.test(name))
    expect((await readdir(join(folder(), String(run)))).length).toBe(2)
    await runSave(save, { STATE: place(String(run)), FILL: '3' })
    expect(await readdir(join(folder(), String(run)))).toEqual(['run.safetensors'])
  }, 240_000)
})
