/** `npm run goldens -- DIR`, on a small folder made of cases that are known to pass, and of damaged copies. */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from '../../cli/run-cli'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'

const source = join(__dirname, '..', '..', 'goldens')
const folder = useTemporaryFolder()

/** Makes a folder of goldens: name → area and the case it is copied from. */
async function makeGoldens(cases: Record<string, readonly [area: string, from?: string]>): Promise<void> {
  const entries = Object.entries(cases).map(([name, [area]]) => ({ area, name, path: `${area}/${name}` }))
  for (const [name, [area, from]] of Object.entries(cases)) {
    const path = join(folder(), area, name)
    if (from === undefined) {
      await mkdir(path, { recursive: true })
      await writeFile(join(path, 'case.json'), JSON.stringify({ area, name }))
    } else {
      await cp(join(source, from), path, { recursive: true })
    }
  }
  await writeFile(join(folder(), 'index.json'), JSON.stringify({ seed: 0, cases: entries }))
}

/** Changes one number of a tensor of float32 numbers. */
async function tamper(path: string, tensor: string, element: number, value: number): Promise<void> {
  const file = join(folder(), path, 'io.safetensors')
  const bytes = await readFile(file)
  const headerLength = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.subarray(8, 8 + headerLength).toString()) as Record<
    string,
    { data_offsets: [number, number] }
  >
  bytes.writeFloatLE(value, 8 + headerLength + (header[tensor]?.data_offsets[0] as number) + 4 * element)
  await writeFile(file, bytes)
}

const run = (...args: string[]) => runProgram('testing/goldens/main.js', args, { cwd: folder() })
const linesOf = (text: string) => text.trimEnd().split('\n')

describe('npm run goldens', () => {
  test('prints a row for each area and then the sum, and ends well where all cases pass', async () => {
    await makeGoldens({
      cfg: ['guiders', 'guiders/cfg'],
      cfg_one: ['guiders', 'guiders/cfg_one'],
      torch_cpu: ['rng', 'rng/torch_cpu'],
    })
    const { code, stdout, stderr } = await run('.')
    expect(stderr).toBe('')
    expect(linesOf(stdout)).toEqual([
      'area     passed  failed  of them unsupported',
      'guiders       2       0                    0',
      'rng           1       0                    0',
      '3 passed, 0 failed',
    ])
    expect(code).toBe(0)
  })

  test('names the tensor and its first element that differs, with both values, and fails', async () => {
    await makeGoldens({ cfg: ['guiders', 'guiders/cfg'], damaged: ['guiders', 'guiders/cfg'] })
    const json = JSON.parse(await readFile(join(source, 'guiders', 'cfg', 'case.json'), 'utf8')) as {
      steps: { output: { tensor: string } }[]
    }
    await tamper('guiders/damaged', json.steps[1]?.output.tensor as string, 2, 1234.5)
    const { code, stdout } = await run('.', '--verbose')
    const lines = linesOf(stdout)
    expect(lines[0]).toBe('passed       guiders/cfg')
    expect(lines[1]).toBe('failed       guiders/damaged')
    expect(lines[2]).toMatch(/GoldenMismatch: step 1\[0, 0, 0, 2\]: expected 1234\.5 \(±[\d.]+\), got -?[\d.]+/)
    expect(lines.at(-1)).toBe('1 passed, 1 failed')
    expect(code).toBe(1)
  })

  test('counts an area that is not known here as failed, unless others are selected', async () => {
    await makeGoldens({ cfg: ['guiders', 'guiders/cfg'], clip: ['holograms'] })
    const all = await run('.')
    expect(all.stdout).toContain('holograms       0       1                    1')
    expect(linesOf(all.stdout).at(-1)).toBe('1 passed, 1 failed')
    expect(all.code).toBe(1)
    const selected = await run('.', '--area', 'guiders')
    expect(linesOf(selected.stdout).at(-1)).toBe('1 passed, 0 failed')
    expect(selected.code).toBe(0)
    expect((await run('.', '--verbose')).stdout).toContain('not supported: the area "holograms"')
  })

  test('selects several areas, and cases by a part of their name or a pattern', async () => {
    await makeGoldens({
      cfg: ['guiders', 'guiders/cfg'],
      cfg_one: ['guiders', 'guiders/cfg_one'],
      small_bpe: ['tokenizer', 'tokenizer/small_bpe'],
      torch_cpu: ['rng', 'rng/torch_cpu'],
    })
    const passed = async (...args: string[]) =>
      linesOf((await run('.', '--verbose', ...args)).stdout).flatMap(line => /^passed +(\S+)$/.exec(line)?.[1] ?? [])
    expect(await passed('--area', 'rng, tokenizer')).toEqual(['tokenizer/small_bpe', 'rng/torch_cpu'])
    expect(await passed('--case', 'one')).toEqual(['guiders/cfg_one'])
    expect(await passed('--case', 'c*g')).toEqual(['guiders/cfg'])
  })

  test('counts the runs of a pipeline one by one', async () => {
    await makeGoldens({ tiny: ['pipelines', 'pipelines/stable_diffusion'] })
    const { stdout } = await run('.', '--case', 'tiny/t2i_no_guidance', '--verbose')
    expect(linesOf(stdout)[0]).toBe('passed       pipelines/tiny/t2i_no_guidance')
    expect(linesOf(stdout).at(-1)).toBe('1 passed, 0 failed')
  })

  test('counts a case whose files are missing or damaged as failed, and goes on', async () => {
    await makeGoldens({
      gone: ['guiders'],
      torn: ['guiders', 'guiders/cfg'],
      empty: ['guiders'],
      cfg: ['guiders', 'guiders/cfg'],
    })
    await rm(join(folder(), 'guiders', 'gone'), { recursive: true })
    await writeFile(join(folder(), 'guiders', 'torn', 'io.safetensors'), 'torn')
    await writeFile(join(folder(), 'guiders', 'empty', 'case.json'), '{')
    const { code, stdout } = await run('.')
    const lines = linesOf(stdout)
    expect(lines.filter(line => line.startsWith('failed')).map(line => line.split(/ +/)[1])).toEqual([
      'guiders/gone',
      'guiders/torn',
      'guiders/empty',
    ])
    expect(stdout).toContain('ENOENT')
    expect(stdout).toContain('SafetensorsError')
    expect(lines.at(-1)).toBe('1 passed, 3 failed')
    expect(code).toBe(1)
  })

  test.each([
    [
      'a folder that is not there',
      ['nowhere'],
      'goldens: nowhere holds no goldens: its index.json cannot be read (ENOENT',
    ],
    ['an area that the folder lacks', ['.', '--area', 'guider'], 'goldens: . has no area "guider"; it has guiders.'],
    ['a case that the folder lacks', ['.', '--case', 'nothing'], 'goldens: no case was selected'],
    ['no folder', [], "missing required argument 'dir'"],
  ])('refuses %s', async (_, args, message) => {
    await makeGoldens({ cfg: ['guiders', 'guiders/cfg'] })
    const { code, stdout, stderr } = await run(...args)
    expect(stderr).toContain(message)
    expect(stderr).not.toContain('    at ')
    expect(stdout).toBe('')
    expect(code).toBe(1)
  })
})
