import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Block, ModularPipelineBlocks, UntrustedCodeError } from '../../../index'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { describeWithPython, runPython } from '../../python'
import { DOUBLE, writeFiles } from './block-folders'

const folder = useTemporaryFolder()

const DOUBLE_IN_PYTHON = `
from diffusers.modular_pipelines import InputParam, ModularPipelineBlocks, OutputParam

class Double(ModularPipelineBlocks):
    _requirements = {"numpy": ">=1.0"}

    @property
    def inputs(self):
        return [InputParam("x", required=True)]

    @property
    def intermediate_outputs(self):
        return [OutputParam("x")]

    def __call__(self, components, state):
        block_state = self.get_block_state(state)
        block_state.x *= 2
        self.set_block_state(state, block_state)
        return components, state
`

@Block({ requirements: { numpy: '>=1.0' } })
class Double extends ModularPipelineBlocks {
  run() {}
}

describeWithPython('a folder with blocks for Python and for here', () => {
  beforeEach(() => writeFiles(folder(), { 'block.py': DOUBLE_IN_PYTHON, 'block.js': DOUBLE }))

  test('is described here as there', async () => {
    const save = `
import sys; sys.path.insert(0, sys.argv[1])
from block import Double
Double().save_pretrained(sys.argv[1])
print('null')`
    await runPython(save, [folder()])
    const theirs = await readFile(join(folder(), 'modular_config.json'), 'utf8')
    await rm(join(folder(), 'modular_config.json'))
    await new Double().savePretrained(folder())
    expect(await readFile(join(folder(), 'modular_config.json'), 'utf8')).toBe(theirs)
  })

  test('is loaded there and here by the same description', async () => {
    await new Double().savePretrained(folder())
    const load = `
import sys
from diffusers.modular_pipelines import ModularPipelineBlocks
blocks = ModularPipelineBlocks.from_pretrained(sys.argv[1], trust_remote_code=True)
print(blocks.init_pipeline()(x=4, output='x'))`
    expect(await runPython(load, [folder()])).toBe(8)
    const refused: unknown = await ModularPipelineBlocks.fromPretrained(folder()).catch(error => error)
    if (!(refused instanceof UntrustedCodeError)) throw refused
    const trust = { trustRemoteCode: true, revision: refused.refused.revision }
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation()
    const blocks = await ModularPipelineBlocks.fromPretrained(folder(), trust)
    emitWarning.mockRestore()
    expect(await blocks.initPipeline()({ x: 4 }, { output: 'x' })).toBe(8)
  })
})
