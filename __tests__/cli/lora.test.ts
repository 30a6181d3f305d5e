/** `tesserae generate --lora`, and LoRAs that a prompt names. */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseLora } from '../../cli/arguments'
import { takeLoras } from '../../cli/loras'
import { Image } from '../../components'
import { runCli } from './run-cli'

const model = join(__dirname, '..', 'goldens', 'pipelines', 'stable_diffusion_adapters')
const peft = join(model, 'lora', 'peft.safetensors')
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tesserae-cli-lora-'))
  mkdirSync(join(folder, 'loras', 'deep'), { recursive: true })
  cpSync(peft, join(folder, 'loras', 'peft.safetensors'))
  cpSync(peft, join(folder, 'loras', 'deep', 'other.safetensors'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('an option is a file with or without a scale', () => {
  expect(parseLora('a.safetensors')).toEqual([{ source: 'a.safetensors', scale: 1 }])
  expect(parseLora('org/name:0.5', [{ source: 'a', scale: 1 }])).toEqual([
    { source: 'a', scale: 1 },
    { source: 'org/name', scale: 0.5 },
  ])
  expect(parseLora('C:\\loras\\a.safetensors:-1')).toEqual([{ source: 'C:\\loras\\a.safetensors', scale: -1 }])
  expect(parseLora('C:\\loras\\a.safetensors')).toEqual([{ source: 'C:\\loras\\a.safetensors', scale: 1 }])
  for (const text of ['', 'a:', 'a:much', ':1']) expect(() => parseLora(text)).toThrow('It must be a file and a number')
})

test('a prompt names LoRAs, which are taken out of it', async () => {
  const dir = join(folder, 'loras')
  expect(await takeLoras('a cat', undefined)).toEqual({ prompt: 'a cat', loras: [] })
  expect(await takeLoras('a cat, <lora:peft:0.8>, <lora:other>, red', dir)).toEqual({
    prompt: 'a cat, red',
    loras: [
      { source: join(dir, 'peft.safetensors'), scale: 0.8 },
      { source: join(dir, 'deep', 'other.safetensors'), scale: 1 },
    ],
  })
  const [twice] = (await takeLoras('<lora:peft:0.5> a cat <lora:peft: 1><lora: peft:-0.25>', dir)).loras
  expect(twice).toEqual({ source: join(dir, 'peft.safetensors'), scale: 1.25 })
  const huge = '<lora:peft:1e308>'
  await expect(takeLoras(`${huge}${huge}`, dir)).rejects.toThrow('the scale of <lora:peft:1e308> must be a number')
  const problem = takeLoras(`<lora:${'a'.repeat(5000)}:much>`, dir)
  await expect(problem).rejects.toMatchObject({ message: expect.stringMatching(/^.{100,400}$/) })
  await expect(takeLoras('<lora:pefd>', dir)).rejects.toThrow('holds no LoRA "pefd". The closest name is "peft".')
  await expect(takeLoras('<lora:peft:much>', dir)).rejects.toThrow('the scale of <lora:peft:much> must be a number')
  await expect(takeLoras('<lora:peft>', undefined)).rejects.toThrow('with --lora-dir')
  await expect(takeLoras('a cat', join(folder, 'none'))).rejects.toThrow('--lora-dir')
  cpSync(peft, join(dir, 'deep', 'peft.safetensors'))
  await expect(takeLoras('<lora:peft>', dir)).rejects.toThrow('2 files of')
})

test('white space of any length around tags is read at once', async () => {
  const dir = join(folder, 'loras')
  const many = ' '.repeat(2_000_000)
  expect((await takeLoras(`<lora:peft>a${many}cat, ${many}, red,${many}`, dir)).prompt).toBe('a cat, red')
})

test('pictures differ with a LoRA, are the same either way, and record it', async () => {
  const draw = (...args: string[]) =>
    runCli(['generate', ...args, '--model', model, '--seed', '1', '--steps', '2', '--size', '32'], { cwd: folder })
  const pixels = async (name: string) => (await Image.load(join(folder, name))).data
  for (const args of [
    ['cat', '--out', 'plain.png'],
    ['cat', '--out', 'option.png', '--lora', `${peft}:0.7`],
    ['cat <lora:peft:0.7>', '--out', 'tag.png', '--lora-dir', 'loras'],
  ]) {
    const { code, stderr } = await draw(...args)
    expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
  }
  const option = await pixels('option.png')
  expect(option).not.toEqual(await pixels('plain.png'))
  expect(option).toEqual(await pixels('tag.png'))
  const { stdout } = await runCli(['inspect', 'tag.png'], { cwd: folder })
  expect(stdout).toMatch(/prompt +cat\n/)
  expect(stdout).toMatch(/loras +peft:0.7\n/)
  const failed = await draw('cat', '--lora', 'none.safetensors')
  expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('there is no such file or folder')])
})
