import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toSnakeCase } from '../../../src/format/wire-names'
import type { SavableComponent, SavePretrainedOptions } from '../../../src/params/component-class'
import { markLoaded } from '../../../src/params/load-ids'
import { type SavePipelineOptions, savePipeline } from '../../../src/storage/save-pretrained'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { contentOf } from '../files/killed-saves'

/** A component whose only file is a note. */
class Note implements SavableComponent {
  readonly placed: string[] = []

  constructor(private readonly text: string) {}

  async savePretrained(folder: string, { variant = 'note' }: SavePretrainedOptions = {}): Promise<void> {
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, `${variant}.txt`), this.text)
  }

  replacesFile(file: string): boolean {
    return file === 'old.txt'
  }

  async savedTo(folder: string): Promise<void> {
    this.placed.push(folder)
  }
}

/** One that cannot be written. */
class Failing extends Note {
  override savePretrained(folder: string): Promise<void> {
    return writeFile(join(folder, 'nowhere', 'note.txt'), '')
  }
}

/** The same as a note, with variants. */
class NoteWithVariants extends Note {
  readonly savesVariants = true
}

const folder = useTemporaryFolder()
const target = () => join(folder(), 'pipe')
const entry = (path: string | null) => [
  'notes',
  'Note',
  {
    pretrained_model_name_or_path: path,
    revision: 'v1',
    subfolder: 'other',
    type_hint: ['notes', 'Note'],
    variant: null,
  },
]
const config = {
  _class_name: 'ModularPipeline',
  _blocks_class_name: 'Notes',
  text_encoder_2: entry('someone/notes'),
  unet: entry(null),
  vae: entry('someone/vae'),
  flag: true,
}

const CARD = '# Notes\n'
const modelCard = () => CARD
const keyOf = toSnakeCase

async function save(components: Record<string, unknown>, options?: SavePipelineOptions) {
  await savePipeline(target(), { components: new Map(Object.entries(components)), config, keyOf, modelCard }, options)
  return JSON.parse(await readFile(join(target(), 'modular_model_index.json'), 'utf8')) as typeof config
}

const here = (subfolder: string, variant: string | null = null) => [
  'notes',
  'Note',
  {
    pretrained_model_name_or_path: target(),
    revision: null,
    subfolder,
    type_hint: ['notes', 'Note'],
    variant,
  },
]

describe('savePipeline', () => {
  test('writes each component into its folder, and an index that points there', async () => {
    const textEncoder2 = new NoteWithVariants('a')
    const unet = new Note('b')
    markLoaded(textEncoder2, 'someone/notes|other|null|v1')
    expect(await save({ textEncoder2, unet }, { variant: 'fp16' })).toEqual({
      ...config,
      text_encoder_2: here('text_encoder_2', 'fp16'),
      unet: here('unet'),
      // Not loaded: its entry stays as it was.
      vae: entry('someone/vae'),
    })
    expect(Object.keys(await contentOf(target()))).toEqual([
      'README.md',
      'modular_model_index.json',
      'text_encoder_2/fp16.txt',
      'unet/fp16.txt',
    ])
    expect(textEncoder2.placed).toEqual([join(target(), 'text_encoder_2')])
    const text = await readFile(join(target(), 'modular_model_index.json'), 'utf8')
    expect(text.startsWith('{\n  "_blocks_class_name": "Notes",\n  "_class_name"')).toBe(true)
    expect(text.endsWith('\n}\n')).toBe(true)
  })

  test('without overwriteModularIndex leaves the entries of those that know where they came from', async () => {
    const loaded = new Note('a')
    markLoaded(loaded, 'someone/notes|other|null|v1')
    const made = new Note('b')
    const fromSettings = new Note('c')
    markLoaded(fromSettings, 'null')
    const index = await save({ textEncoder2: loaded, unet: made, vae: fromSettings }, { overwriteModularIndex: false })
    expect(index).toEqual({ ...config, unet: here('unet'), vae: here('vae') })
  })

  test('keeps other files in the folder, but not what the new files replace', async () => {
    await save({ unet: new Note('first') })
    await writeFile(join(target(), 'README.md'), 'mine')
    await writeFile(join(target(), 'unet', 'old.txt'), 'of an earlier save')
    await writeFile(join(target(), 'unet', 'fp16.txt'), 'of a variant')
    await save({ unet: new Note('second') })
    expect(Object.keys(await contentOf(target()))).toEqual([
      'README.md',
      'modular_model_index.json',
      'unet/fp16.txt',
      'unet/note.txt',
    ])
    expect(await readFile(join(target(), 'unet', 'note.txt'), 'utf8')).toBe('second')
  })

  test('corrects the other index of the folder, where it names other classes', async () => {
    const file = join(target(), 'model_index.json')
    const other = { _class_name: 'Other', unet: ['notes', 'Poem'], vae: ['notes', 'Poem'], text_encoder: [null, null] }
    await mkdir(target())
    await writeFile(file, JSON.stringify(other))
    await save({ unet: new Note('') })
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ ...other, unet: ['notes', 'Note'] })
    // One that is right stays as it is, and so does one that is not understood.
    for (const text of ['{"unet":  ["notes", "Note"]}', 'null', '{"unet"']) {
      await writeFile(file, text)
      await save({ unet: new Note('') })
      expect(await readFile(file, 'utf8')).toBe(text)
    }
  })

  test('lets saves wait for each other, but not those that are part of one', async () => {
    const seen: string[] = []
    class Slow extends Note {
      constructor(private readonly name: string) {
        super(name)
      }

      override async savePretrained(folder: string): Promise<void> {
        seen.push(`${this.name} begins`)
        await super.savePretrained(folder)
        await savePipeline(join(folder, 'inner'), { components: new Map(), config, keyOf, modelCard })
        seen.push(`${this.name} is saved`)
      }

      override async savedTo(): Promise<void> {
        seen.push(`${this.name} knows`)
      }
    }
    const failing = save({ vae: new Failing('') })
    const names = ['a', 'b']
    await Promise.all([expect(failing).rejects.toThrow(), ...names.map(name => save({ unet: new Slow(name) }))])
    expect(seen).toEqual(names.flatMap(name => [`${name} begins`, `${name} is saved`, `${name} knows`]))
    expect(await readFile(join(target(), 'unet', 'note.txt'), 'utf8')).toBe('b')
  })

  test.each([[''], [undefined], [new URL('file:///tmp/pipe')]])('does not take %p for a folder', async path => {
    const saving = savePipeline(path as string, { components: new Map(), config, keyOf, modelCard })
    await expect(saving).rejects.toMatchObject({ code: 'INPUT_TYPE', input: 'folder' })
  })

  test('writes a card again, until somebody changes it', async () => {
    const file = join(target(), 'README.md')
    const read = () => readFile(file, 'utf8')
    await save({ unet: new Note('') }, { modelCard: false })
    await expect(read()).rejects.toThrow('ENOENT')
    await save({ unet: new Note('') })
    const made = await read()
    expect(made).toMatch(/^# Notes\n\n<!-- Made by Tesserae .*-->\n$/)

    // As git on Windows checks it out.
    await writeFile(file, made.replaceAll('\n', '\r\n'))
    await save({ unet: new Note('') })
    expect(await read()).toBe(made)

    for (const mine of [made.replace('Notes', 'My notes'), `${made}\nMore.`, '# Mine', '']) {
      await writeFile(file, mine)
      await save({ unet: new Note('') })
      expect(await read()).toBe(mine)
    }
    await rm(file)
    await mkdir(file)
    await save({ unet: new Note('') })
    expect((await readdir(target())).sort()).toEqual(['README.md', 'modular_model_index.json', 'unet'])
  })

  test('leaves the old pipeline where a component fails, and names no temporary folder', async () => {
    await save({ unet: new Note('first') })
    const before = await contentOf(target())
    const saving = save({ unet: new Note('second'), vae: new Failing('') })
    await expect(saving).rejects.toMatchObject({ code: 'UNWRITABLE_FILE', file: target() })
    expect(await contentOf(target())).toEqual(before)
    expect(await readdir(folder())).toEqual(['pipe'])
  })

  test('stops at a signal, and refuses pickles', async () => {
    const controller = new AbortController()
    controller.abort()
    await expect(save({ unet: new Note('') }, { signal: controller.signal })).rejects.toThrow(controller.signal.reason)
    await expect(save({ unet: new Note('') }, { safeSerialization: false })).rejects.toMatchObject({
      code: 'UNSAFE_SERIALIZATION',
    })
    expect(await readdir(folder())).toEqual([])
  })

  test('warns of what it cannot save', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const result = await savePipeline(target(), {
      components: new Map([['unet', new Date()]]),
      config,
      keyOf,
      modelCard,
    })
    expect(result).toEqual({ config, notSaved: ['unet'] })
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('"unet" (Date)'), {
      type: 'TesseraeWarning',
      code: 'COMPONENT_NOT_SAVED',
    })
  })
})
