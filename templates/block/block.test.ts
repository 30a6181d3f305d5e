import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StableDiffusionTextToImageBlocks } from 'tesserae'
import { runBlock } from 'tesserae/testing'
import 'tesserae/testing/jest'
import * as block from './block'

const { MyBlock } = block

describe('MyBlock', () => {
  test('takes a prompt', () => {
    expect(MyBlock).toRequireInputs(['prompt'])
  })

  test('adds the style', async () => {
    expect(await runBlock(MyBlock, { inputs: { prompt: 'a fox', style: 'ink' } })).toEqual({ prompt: 'a fox, ink' })
  })

  test('has a style if none is given', async () => {
    expect(await runBlock(MyBlock, { inputs: { prompt: 'a fox' } })).toEqual({ prompt: 'a fox, watercolour' })
  })

  test('fits into a pipeline', () => {
    expect(new StableDiffusionTextToImageBlocks().insert('myBlock', MyBlock, 0)).toWire()
  })

  test('is what modular_config.json names, for those who load it from this folder', () => {
    const config = JSON.parse(readFileSync(join(__dirname, 'modular_config.json'), 'utf8'))
    const [module, className] = config.auto_map.ModularPipelineBlocks.split('.')
    expect(module).toBe('block')
    expect(Object.keys(block)).toContain(className)
    expect(config.requirements ?? {}).toEqual(new MyBlock().requirements)
  })
})
