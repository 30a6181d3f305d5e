/** Every case of the `blocks` area: what graphs of blocks declare and do, as the reference recorded it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkBlocksCase } from '../../../testing/goldens/areas/blocks'
import { GoldenMismatch } from '../../../testing/goldens/compare'
import { GoldenCase, type Json } from '../../../testing/goldens/golden-case'
import { failure } from '../../src/fixtures/failures'

const FOLDER = join(__dirname, '../../goldens/blocks')

const read = (name: string) => JSON.parse(readFileSync(join(FOLDER, name, 'case.json'), 'utf8')) as Json

async function check(name: string, json: Json): Promise<void> {
  const golden = await GoldenCase.open('blocks', name, join(FOLDER, name), json)
  await checkBlocksCase(golden)
  await golden.close()
}

describe('the blocks area', () => {
  test.each(readdirSync(FOLDER))('%s does what the reference does', name => check(name, read(name)))

  interface Recorded {
    introspection: { inputs: unknown[]; workflows: Record<string, unknown> }
    runs: [{ state: { values: Record<string, unknown> }; execution: unknown[] }]
  }

  test.each<[string, string, (recorded: Recorded) => void, RegExp]>([
    [
      'a final value',
      'sequential',
      ({ runs: [run] }) => Object.assign(run.state.values, { more: 1 }),
      /runs\[0\]\.state/,
    ],
    ['an input', 'sequential', ({ introspection }) => introspection.inputs.pop(), /introspection\.inputs/],
    ['an execution', 'loop', ({ runs: [run] }) => run.execution.pop(), /runs\[0\]\.execution/],
    [
      'an error',
      'sequential',
      ({ runs: [run] }) => Object.assign(run, { error: { type: 'ValueError', message: 'it fails' } }),
      /runs\[0\]: expected ValueError "it fails", got no error/,
    ],
    [
      'a workflow',
      'workflows',
      ({ introspection }) => Object.assign(introspection.workflows, { more: { blocks: [], inputs: [] } }),
      /introspection\.workflows/,
    ],
  ])('finds a difference in %s of %s', async (_, name, change, where) => {
    const recorded = read(name)
    change(recorded as unknown as Recorded)
    const mismatch = await failure(GoldenMismatch, () => check(name, recorded))
    expect(mismatch.message).toMatch(where)
  })
})
