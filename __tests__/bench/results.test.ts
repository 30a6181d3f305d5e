import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Comparison, describeEnvironment, instructionsIn, saveResults } from '../../bench/results'
import { ourVersions } from '../../bench/versions'
import { useTemporaryFolder } from '../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()

function result(name: string, ours: number, environment?: string): Comparison {
  const figures = { ratio: ours / 100, ours, peer: 100, unit: 'ms' as const, memoryRatio: null, runs: 5 }
  return { name, ...figures, ...(environment !== undefined && { environment }) }
}

const page = () => readFileSync(join(folder(), 'RESULTS.md'), 'utf8')

test('results of other comparisons, and of other parts of the same one, are kept', () => {
  saveResults(folder(), [
    result('scheduler-steps/DDIM', 11),
    result('scheduler-steps/DDPM', 12),
    result('clip-l-text', 13),
  ])
  saveResults(folder(), [result('scheduler-steps/DDIM', 21), result('sd15-unet-256', 22)])
  const saved = JSON.parse(readFileSync(join(folder(), 'results.json'), 'utf8')) as Comparison[]
  expect(Object.fromEntries(saved.map(({ name, ours }) => [name, ours]))).toEqual({
    'sd15-unet-256': 22,
    'clip-l-text': 13,
    'scheduler-steps/DDPM': 12,
    'scheduler-steps/DDIM': 21,
  })
  for (const { name, ours } of saved) expect(page()).toMatch(new RegExp(`^\\| ${name} \\|.*\\| ${ours} ms \\|`, 'm'))
})

test('the page says with which versions each row was measured', () => {
  saveResults(folder(), [result('clip-l-text', 13), result('sd15-unet-256', 14, 'a machine; node 1')])
  saveResults(folder(), [result('sd15-unet-512', 15, 'a machine; node 2')])
  expect(page()).toContain('- sd15-unet-256: a machine; node 1')
  expect(page()).toContain('- sd15-unet-512: a machine; node 2')
  expect(page()).toContain('- clip-l-text: machine and versions were not recorded')
})

test('results that cannot be read are not overwritten', () => {
  writeFileSync(join(folder(), 'results.json'), '[{')
  expect(() => saveResults(folder(), [result('clip-l-text', 13)])).toThrow(SyntaxError)
  expect(readFileSync(join(folder(), 'results.json'), 'utf8')).toBe('[{')
})

test('versions name Node, this package and the packages that compute', () => {
  const versions = ourVersions(join(__dirname, '..', '..'))
  const names = ['node', 'tesserae', 'onnxruntime-node', '@tensorflow/tfjs-core']
  expect(versions.map(version => version.split(' ')[0])).toEqual(names)
  expect(versions[0]).toBe(`node ${process.versions.node}`)
  expect(describeEnvironment(versions)).toContain(versions.join(', '))
})

test('instructions are those of the first processor that decide how fast products are', () => {
  const cpuinfo =
    'processor\t: 0\nflags\t\t: fpu fma avx2 avx512f avx512_vnni\n\nprocessor\t: 1\nflags\t\t: fpu amx_int8\n'
  expect(instructionsIn(cpuinfo)).toEqual(['avx2', 'avx512f', 'avx512_vnni'])
  expect(instructionsIn('CPU part: 0xd0c\n')).toEqual([])
})
