/** Settings of every scheduler, guider and processor, saved and loaded again: here, and in Python. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RawConfig } from '../../../components/configs/parse-config'
import { BaseGuidance } from '../../../components/guiders/base-guidance'
import { guiderNames } from '../../../components/guiders/guider-names'
import { VaeImageProcessor } from '../../../components/images/vae-image-processor'
import { schedulerClasses } from '../../../components/schedulers/scheduler-classes'
import { SchedulerMixin } from '../../../components/schedulers/scheduler-mixin'
import { EulerDiscreteScheduler } from '../../../components/schedulers/sigma-space/euler-discrete-scheduler'
import type { SavableComponent } from '../../../src/params/component-class'
import { describeWithPython, runPython } from '../../python'
import { useTemporaryFolder } from '../checkpoints/temporary-folder'

type Configured = SavableComponent & { readonly config: RawConfig }

const schedulers = schedulerClasses.map((schedulerClass): [string, Configured] => [
  schedulerClass.name,
  new schedulerClass(),
])
const guiders = Object.entries(guiderNames).map(([name, { guiderClass, settings }]): [string, Configured] => [
  `guider ${name}`,
  new guiderClass(settings),
])
const all = [...schedulers, ...guiders]

const folder = useTemporaryFolder()
const saved = () => join(folder(), 'saved')

/** The settings alone: which of them were defaults is not saved, here or in the reference. */
function settingsOf({ config }: Configured): object {
  return Object.fromEntries(Object.entries(config))
}

async function load(component: object, from: string): Promise<Configured> {
  if (component instanceof VaeImageProcessor) return VaeImageProcessor.fromPretrained(from)
  return component instanceof BaseGuidance ? BaseGuidance.fromPretrained(from) : SchedulerMixin.fromPretrained(from)
}

describe('saved settings', () => {
  test.each([...all, ['VaeImageProcessor', new VaeImageProcessor({ vaeScaleFactor: 4 })] as const])(
    'of %s load again',
    async (_, component) => {
      await component.savePretrained(saved())
      const again = await load(component, saved())
      expect(again.constructor).toBe(component.constructor)
      expect(settingsOf(again)).toEqual(settingsOf(component))
      // What is saved again is the same file.
      await again.savePretrained(join(folder(), 'again'))
      const [file] = await readdir(saved())
      const [first, second] = await Promise.all(
        [saved(), join(folder(), 'again')].map(place => readFile(join(place, String(file)), 'utf8')),
      )
      expect(second).toBe(first)
    },
  )

  test('are written as the reference writes them', async () => {
    await new EulerDiscreteScheduler({ sigmaMax: 14.6 }).savePretrained(saved())
    const text = await readFile(join(saved(), 'scheduler_config.json'), 'utf8')
    expect(text.startsWith('{\n  "_class_name": "EulerDiscreteScheduler",\n  "_diffusers_version": "0.42.1",\n')).toBe(
      true,
    )
    expect(text.endsWith('\n}\n')).toBe(true)
    const keys = Object.keys(JSON.parse(text))
    expect(keys).toEqual([...keys].sort())
    expect(keys).toContain('use_karras_sigmas')
  })

  test('stay as they were where the folder is a file', async () => {
    await writeFile(saved(), 'a file')
    await expect(new EulerDiscreteScheduler().savePretrained(saved())).rejects.toMatchObject({
      code: 'UNWRITABLE_FILE',
      reason: 'is-file',
    })
  })
})

describeWithPython('saved settings in Python', () => {
  /** Loads each folder with the class that its file names; gives settings that the class does not take, and saves it to `FOLDER-python`. */
  const program = `
import sys, os, json, inspect, diffusers, diffusers.guiders
refused = {}
for name in sorted(os.listdir(sys.argv[1])):
    folder = os.path.join(sys.argv[1], name)
    file = os.path.join(folder, os.listdir(folder)[0])
    config = json.load(open(file))
    cls = getattr(diffusers, config["_class_name"], None) or getattr(diffusers.guiders, config["_class_name"])
    component = cls.from_pretrained(folder)
    known = set(inspect.signature(cls.__init__).parameters)
    wrong = [key for key in config if not key.startswith("_") and key not in known]
    wrong += [key for key in config if not key.startswith("_") and key in component.config
              and not isinstance(config[key], (dict, list)) and component.config[key] != config[key]]
    if wrong: refused[name] = wrong
    component.save_pretrained(os.path.join(sys.argv[2], name))
print(json.dumps(refused))`

  test('load, and load here when Python has saved them', async () => {
    for (const [name, component] of all) await component.savePretrained(join(saved(), name))
    const python = join(folder(), 'python')
    expect(await runPython(program, [saved(), python])).toEqual({})
    for (const [name, component] of all) {
      const again = await load(component, join(python, name))
      expect({ name, ...settingsOf(again) }).toEqual({ name, ...settingsOf(component) })
    }
  }, 120_000)
})
