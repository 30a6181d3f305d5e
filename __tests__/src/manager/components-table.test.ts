import { inspect } from 'node:util'
import { ComponentsManager } from '../../../src'
import { markLoaded } from '../../../src/params/load-ids'
import { ToyModel } from './toy-model'

class UNet extends ToyModel {
  override readonly dtype = 'float16'
  override readonly device: string = 'wasm'
}

class CLIPTextModelWithProjection extends UNet {
  override readonly device = 'onnxruntime-cpu'
  readonly adapters = ['detail', 'style']
  readonly ipAdapter = { scale: 0.5 }
  readonly quantization = { bits: 8 }
}

class CLIPTokenizer {}

/** What is printed, with numbers of components that are the same in every run of the test. */
function print(manager: ComponentsManager, width: number): string {
  const numbers = [...manager.components.keys()].map(id => id.split('_').at(-1) as string)
  const text = manager.toString(width)
  return numbers.reduce((out, number, i) => out.replaceAll(`_${number.padEnd(2)}`, `_${String(i).padEnd(2)}`), text)
}

test('an empty manager says so', () => {
  expect(String(new ComponentsManager())).toBe(
    `Components:\n${'='.repeat(50)}\nNo components registered.\n${'='.repeat(50)}`,
  )
})

test('models and others have tables of their own, with each further collection on a line of its own', async () => {
  const manager = new ComponentsManager({ onEvent: () => undefined })
  const unet = new UNet(1_700_000_000)
  markLoaded(unet, 'models/x|unet|null|null')
  manager.add('unet', unet, 'base')
  manager.add('unet', unet, 'refiner')
  await unet.call()
  manager.add('vae', new UNet(160_000, undefined, { canOffload: false }))
  manager.add('tokenizer', new CLIPTokenizer(), 'base')
  const lines = manager.toString(100).split('\n')
  expect(lines[0]).toBe('Components:')
  expect(lines[1]).toMatch(/^=+$/)
  expect(lines[2]).toBe('Models:')
  expect(lines[3]).toMatch(/^-+$/)
  const columns = (line: string | undefined) => line?.trim().split(/ {2,}/)
  expect(columns(lines[4])).toEqual(['Name_ID', 'Class', 'Device', 'Dtype', 'Size', 'Load ID', 'Collection'])
  expect(columns(lines[6])).toEqual([
    expect.stringMatching(/^unet_\d+$/),
    'UNet',
    'wasm',
    'float16',
    '1.70 GB',
    'models/x|unet',
    'base',
  ])
  expect(columns(lines[7])).toEqual(['refiner'])
  expect(lines[7]?.indexOf('refiner')).toBe(lines[6]?.indexOf('base'))
  expect(columns(lines[8])).toEqual([
    expect.stringMatching(/^vae_\d+$/),
    'UNet',
    'file(wasm)',
    'float16',
    '160 KB',
    'N/A',
    'N/A',
  ])
  const others = lines.slice(lines.indexOf('Other Components:'))
  expect(columns(others[2])).toEqual(['ID', 'Class', 'Load ID', 'Collection'])
  expect(columns(others[4])).toEqual([expect.stringMatching(/^tokenizer_\d+$/), 'CLIPTokenizer', 'N/A', 'base'])
  expect(lines.slice(-2)).toEqual([
    expect.stringMatching(/^vae_\d+:$/),
    '  Stays in memory: has no file that it could come back from',
  ])
  expect(inspect(manager)).toBe(manager.toString())
})

test('notes about a model are below', () => {
  const manager = new ComponentsManager()
  const id = manager.add('text_encoder', new CLIPTextModelWithProjection(1))
  manager.pin(id)
  expect(manager.toString(100).split('\n').slice(-7)).toEqual([
    'Additional Component Info:',
    '='.repeat(50),
    `${id}:`,
    '  Stays in memory: pinned',
    '  Adapters: detail, style',
    '  IP-Adapter: Enabled',
    '  Quantization: {"bits":8}',
  ])
})

test('a table with long names fits a terminal of 100 columns: what is printed elsewhere is cut first', () => {
  const manager = new ComponentsManager({ onEvent: () => undefined })
  for (const name of ['text_encoder', 'text_encoder_2']) {
    const model = new CLIPTextModelWithProjection(1_400_000_000)
    markLoaded(model, `stabilityai/stable-diffusion-xl-base-1.0|${name}|fp16|null`)
    manager.add(name, model, 'stable-diffusion-xl-base')
  }
  const narrow = print(manager, 100)
  expect(Math.max(...narrow.split('\n').map(line => line.length))).toBeLessThanOrEqual(100)
  expect(narrow).toContain('1.40 GB')
  expect(narrow).toContain('text_encoder_2_1')
  expect(narrow).toContain('stab…|fp16')
  const wide = print(manager, 300)
  expect(wide).toContain('stabilityai/stable-diffusion-xl-base-1.0|text_encoder_2|fp16')
  expect(wide).not.toContain('…')
})

test('in a narrow terminal columns are left out, and ids stay whole', () => {
  const manager = new ComponentsManager({ onEvent: () => undefined })
  const model = new CLIPTextModelWithProjection(1_400_000_000)
  markLoaded(model, 'stabilityai/stable-diffusion-xl-base-1.0|text_encoder_2|fp16|null')
  const id = manager.add('the_second_text_encoder', model, 'stable-diffusion-xl-base')
  const other = manager.add('tokenizer', new CLIPTokenizer(), 'stable-diffusion-xl-base')
  for (const width of [45, 50, 60, 70, 80, 90, 100]) {
    const tables = manager.toString(width).split('Additional')[0] as string
    const lines = tables.split('\n')
    expect(Math.max(...lines.map(line => line.length))).toBeLessThanOrEqual(width)
    for (const whole of [id, other, '1.40 GB', 'float16']) expect(tables).toContain(whole)
  }
  expect(manager.toString(100)).toContain('Load ID')
  expect(manager.toString(50)).toMatch(/^Name_ID +Class +Dtype +Size$|^Name_ID +Dtype +Size$/m)
  // What cannot be any narrower is printed all the same.
  expect(manager.toString(1)).toContain(id)
})

test('names of collections are printed as they are, each on one line', () => {
  const manager = new ComponentsManager({ onEvent: () => undefined })
  const unet = new UNet(8)
  manager.add('unet', unet, 'day, and night')
  manager.add('unet', unet, 'a\nb')
  const lines = manager.toString(100).split('\n')
  expect(lines[6]).toMatch(/ {2}day, and night$/)
  expect(lines[7]).toMatch(/^ +a b$/)
})

test('names of collections cannot turn a line round', () => {
  const manager = new ComponentsManager({ onEvent: () => undefined })
  manager.add('unet', new UNet(8), 'a\u202eb')
  expect(String(manager)).toContain('a\\u202eb')
})

test('the width of the terminal is that of the table', () => {
  const manager = new ComponentsManager({ onEvent: () => undefined })
  const unet = new UNet(8)
  markLoaded(unet, `${'x'.repeat(200)}|unet`)
  manager.add('unet', unet)
  const { columns } = process.stdout
  try {
    for (const width of [80, 120]) {
      process.stdout.columns = width
      expect(String(manager).split('\n')[1]).toHaveLength(width)
    }
  } finally {
    process.stdout.columns = columns
  }
})
