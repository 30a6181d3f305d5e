import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkGoldens, GoldensFailedError, GoldensRequestError } from '../../../testing'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'

const folder = useTemporaryFolder()
const goldens = join(__dirname, '..', '..', 'goldens')

/** A folder with two cases of blocks. */
async function makeGoldens(): Promise<void> {
  const names = ['leaf', 'nested']
  for (const name of names) await cp(join(goldens, 'blocks', name), join(folder(), 'blocks', name), { recursive: true })
  const cases = names.map(name => ({ area: 'blocks', name, path: `blocks/${name}` }))
  await writeFile(join(folder(), 'index.json'), JSON.stringify({ cases }))
}

describe('checkGoldens', () => {
  test('gives how each case went', async () => {
    await makeGoldens()
    expect(await checkGoldens(folder())).toEqual([
      { area: 'blocks', name: 'leaf', status: 'passed' },
      { area: 'blocks', name: 'nested', status: 'passed' },
    ])
    expect(await checkGoldens(folder(), { casePattern: 'le*' })).toHaveLength(1)
  })

  test('names each case that did not pass, and why', async () => {
    await makeGoldens()
    const file = join(folder(), 'blocks', 'leaf', 'case.json')
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace('"class": "', '"class": "Other'))
    const error = (await checkGoldens(folder()).catch((reason: unknown) => reason)) as GoldensFailedError
    expect(error).toBeInstanceOf(GoldensFailedError)
    expect(error.results.map(({ status }) => status)).toEqual(['failed', 'passed'])
    expect(error.message).toContain('1 of 2 cases')
    expect(error.message).toContain('  - blocks/leaf failed: GoldenMismatch: introspection.class: expected "Other')
  })

  test('refuses to check nothing', async () => {
    await expect(checkGoldens(folder())).rejects.toThrow(GoldensRequestError)
    await makeGoldens()
    await expect(checkGoldens(folder(), { casePattern: 'none' })).rejects.toThrow('no case that is selected')
  })
})
