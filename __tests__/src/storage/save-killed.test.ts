/** A process that saves a pipeline over another is killed at 50 moments: what is there is one of the two. */
import { existsSync } from 'node:fs'
import { cp, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AutoencoderKL } from '../../../components/models/autoencoder-kl/autoencoder-kl'
import { SchedulerMixin } from '../../../components/schedulers/scheduler-mixin'
import '../../../components/schedulers/scheduler-classes'
import { recoverFolder } from '../../../src/files/leftovers'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { goldenFolder } from '../../components/models/golden-model-case'
import { useBackend } from '../../components/models/use-backend'
import { contentOf, killAtPoints, runSave } from '../files/killed-saves'

/** Saves the pipeline of the environment's VAE, whose weights stay in their files, and scheduler over what is in FOLDER. */
const save = `
  const { AutoencoderKL } = library('components/models/autoencoder-kl/autoencoder-kl')
  const { EulerDiscreteScheduler } = library('components/schedulers/sigma-space/euler-discrete-scheduler')
  const { DDIMScheduler } = library('components/schedulers/variance-preserving/ddim-scheduler')
  const { savePipeline } = library('src/storage/save-pretrained')
  const { VAE, SCHEDULER, FOLDER, SHARD } = process.env
  const vae = await AutoencoderKL.fromPretrained(VAE, { executor: { readsWeights: true, quantizations: [], release() {} } })
  const scheduler = { EulerDiscreteScheduler, DDIMScheduler }[SCHEDULER].fromConfig({})
  const spec = { pretrained_model_name_or_path: null, subfolder: '', variant: null, revision: null }
  const config = { _class_name: 'ModularPipeline', vae: ['diffusers', 'AutoencoderKL', spec], scheduler: ['diffusers', SCHEDULER, spec] }
  await startCounting()
  const components = new Map(Object.entries({ vae, scheduler }))
  await savePipeline(FOLDER, { components, config, keyOf: name => name, modelCard: () => '# ' + SCHEDULER }, { maxShardSize: SHARD })
`

describe('saving a pipeline over another', () => {
  useBackend('wasm')
  const folder = useTemporaryFolder()
  const oldVae = { VAE: goldenFolder('vae_sd'), SCHEDULER: 'DDIMScheduler', SHARD: '100KB' }
  const newVae = { VAE: goldenFolder('vae_flux'), SCHEDULER: 'EulerDiscreteScheduler', SHARD: '5GB' }

  /** The moments towards the end of a save in which the folders change places. What lies between two of its steps counts twice. */
  const theEnd = (calls: number) => Array.from({ length: 24 }, (_, i) => calls - 2 * i)

  test.each([
    ['the system can exchange folders', 50, {}],
    // Then there is a moment in which the old folder is set aside, and its next reader puts it back.
    ['the system cannot', theEnd, { PATH: '/nowhere' }],
  ] as const)(
    'leaves the old or the new, whenever the process is killed, where %s',
    async (_, points, system) => {
      const old = join(folder(), 'old')
      await runSave(save, { ...oldVae, FOLDER: old })
      const oldContent = await contentOf(old)
      const seen = { old: 0, new: 0, aside: 0 }
      let newContent: Record<string, string> | undefined
      const place = (run: string) => join(folder(), run, 'pipe')
      const prepare = async (run: string) => {
        await mkdir(join(folder(), run))
        await cp(old, place(run), { recursive: true })
        return { ...newVae, ...system, FOLDER: place(run) }
      }
      // The index names the folder that was saved to, so each run has another.
      const named = ({ 'modular_model_index.json': _, ...content }: Record<string, string>) => content
      await killAtPoints(save, points, folder(), prepare, async run => {
        newContent ??= await contentOf(place('all'))
        if (!existsSync(place(run))) seen.aside++
        recoverFolder(place(run))
        const content = named(await contentOf(place(run)))
        const isOld = JSON.stringify(content) === JSON.stringify(named(oldContent))
        if (!isOld) expect(content).toEqual(named(newContent))
        seen[isOld ? 'old' : 'new']++
        const vae = await AutoencoderKL.fromPretrained(place(run), { subfolder: 'vae' })
        vae.dispose()
        const scheduler = await SchedulerMixin.fromPretrained(place(run), { subfolder: 'scheduler' })
        expect(scheduler.constructor.name).toBe(isOld ? oldVae.SCHEDULER : newVae.SCHEDULER)
      })
      expect(Object.keys(newContent ?? {}).filter(file => /of-0/.test(file))).toEqual([])
      expect(seen.old).toBeGreaterThan(5)
      expect(seen.new).toBeGreaterThan(0)
      // Only without the exchange is there a moment with neither; and it was among the 25.
      expect(seen.aside > 0).toBe('PATH' in system)

      // What the killed processes have left goes when the next one saves there.
      const runs = (await readdir(folder())).filter(name => name.startsWith('killed-'))
      let leftovers = 0
      for (const run of runs) {
        const left = (await readdir(join(folder(), run))).length - 1
        if (left === 0 || leftovers > 0) continue
        leftovers += left
        await runSave(save, { ...newVae, FOLDER: join(folder(), run, 'pipe') })
        expect(await readdir(join(folder(), run))).toEqual(['pipe'])
      }
      expect(leftovers).toBeGreaterThan(0)
    },
    240_000,
  )
})
