/** Values that are not finite, found if a call asks for that. */
import { type BlockSource, NonFiniteError, SequentialPipelineBlocks } from '../../../src'
import { expectWarnings } from '../../expected-warnings'
import { failure } from '../fixtures/failures'
import { Handle } from '../fixtures/handles'
import { Repeat, toy } from '../fixtures/toy-blocks'

expectWarnings('UNKNOWN_OUTPUT')

const alive = () => Handle.alive.size

const sequence = (blocks: Record<string, BlockSource>) => SequentialPipelineBlocks.fromBlocksDict(blocks)

/** Writes a new handle under a name, and makes one more that nobody keeps. */
const make = (name: string) =>
  toy({
    outputs: [name],
    body: () => {
      new Handle('scratch').use()
      return { [name]: new Handle(name) }
    },
  })

afterEach(() => {
  const left = [...Handle.alive]
  Handle.alive.clear()
  expect(left).toEqual([])
})

describe('checkNumerics', () => {
  const bad = toy({ outputs: ['latents'], body: () => ({ latents: new Handle(Number.NaN) }) })

  test('names the first block that writes what is not finite', async () => {
    const pipe = sequence({ good: make('x'), bad, later: make('y') }).initPipeline()
    const error = await failure(NonFiniteError, () => pipe({}, { checkNumerics: true }))
    expect(error).toMatchObject({ path: ['bad'], value: 'latents' })
    expect(error.message).toMatch(/^bad: wrote "latents" with a label that is NaN\./)
    expect(alive()).toBe(0)
  })

  test('names the step of a loop', async () => {
    const pipe = sequence({ denoise: Repeat.fromBlocksDict({ bad }) }).initPipeline()
    const error = await failure(NonFiniteError, () => pipe({ numSteps: 3 }, { checkNumerics: true }))
    expect(error.path).toEqual(['denoise[step 1 of 3]', 'bad'])
    expect(alive()).toBe(0)
  })

  test('is off unless it is asked for, and passes what is finite', async () => {
    const handle = await bad.initPipeline()<Handle>({}, { output: 'latents' })
    handle.dispose()
    const x = await sequence({ a: make('x') }).initPipeline()<Handle>({}, { output: 'x', checkNumerics: true })
    x.dispose()
  })
})
