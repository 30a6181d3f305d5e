import { z } from 'zod'
import { ModularPipelineBlocks, Output } from '../../../src'

/** The declaration of the only output that a class makes. */
function declarationOf(decorate: (target: never, field: never) => void) {
  class Giver extends ModularPipelineBlocks {}
  decorate(Giver.prototype as never, 'value' as never)
  const [output] = new Giver().intermediateOutputs
  return output
}

describe('@Output', () => {
  test('needs no argument', () => {
    expect(declarationOf(Output())).toMatchObject({ name: 'value', description: '', typeHint: undefined })
  })

  test('reads type and description off a schema', () => {
    const output = declarationOf(Output(z.array(z.string()).describe('The captions.')))
    expect(output).toMatchObject({ typeHint: 'string[]', description: 'The captions.' })
  })

  test('takes options, with a group that tags the value', () => {
    const output = declarationOf(Output({ schema: z.number(), kwargsType: 'embeds', description: 'own words' }))
    expect(output).toMatchObject({ typeHint: 'number', kwargsType: 'embeds', description: 'own words' })
  })
})
