import { z } from 'zod'
import { Config, ModularPipelineBlocks, type Out, Output } from '../../../src'

describe('@Config', () => {
  test('reads default and description off a schema or options', () => {
    class Taker extends ModularPipelineBlocks {
      @Config(z.boolean().default(true).describe('Zeros for an empty prompt.')) forceZeros!: boolean
      @Config({ default: 8, description: 'Factor of the VAE.' }) factor!: number
      @Config() open!: unknown
      run() {}
    }
    expect(new Taker().expectedConfigs).toMatchObject([
      { name: 'forceZeros', default: true, description: 'Zeros for an empty prompt.' },
      { name: 'factor', default: 8, description: 'Factor of the VAE.', schema: undefined },
      { name: 'open', default: undefined, description: '' },
    ])
  })

  test('is what the block reads when it runs', async () => {
    class Taker extends ModularPipelineBlocks {
      @Config({ default: 8 }) factor!: number
      @Output() doubled!: Out<number>
      run() {
        this.doubled = this.factor * 2
      }
    }
    const pipe = new Taker().initPipeline()
    expect(await pipe({}, { output: 'doubled' })).toBe(16)
    expect(pipe.config).toEqual({ factor: 8 })
  })
})
