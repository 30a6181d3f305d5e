import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  Block,
  BlockConfigError,
  Branch,
  ConditionalPipelineBlocks,
  InvalidRequirementsError,
  LoopSequentialPipelineBlocks,
  LoopStep,
  ModularPipelineBlocks,
  SequentialPipelineBlocks,
  Step,
  UnwritableFileError,
} from '../../../index'
import { joinRequirements } from '../../../src/composition/join-requirements'
import { readRequirements } from '../../../src/custom-blocks/check-requirements'
import { useTemporaryFolder } from '../../components/checkpoints/temporary-folder'
import { Increment } from '../fixtures/toy-blocks'

const folder = useTemporaryFolder()

@Block({ requirements: { xyz: '>=0.8.0', abc: '>=10.0.0' } })
class One extends ModularPipelineBlocks {
  @LoopStep() run() {}
}

@Block({ requirements: { transformers: '>=4.44.0' } })
class Two extends ModularPipelineBlocks {
  @LoopStep() run() {}
}

class Sequence extends SequentialPipelineBlocks {
  @Step() one = One
  @Step() two = Two
  @Step() none = Increment
}

class Loop extends LoopSequentialPipelineBlocks {
  @LoopStep() one = One
  @LoopStep() two = Two
  run() {}
}

class Choice extends ConditionalPipelineBlocks {
  @Branch() one = One
  @Branch() two = Two
  override selectBlock() {
    return 'one'
  }
}

describe('requirements', () => {
  const all = { xyz: '>=0.8.0', abc: '>=10.0.0', transformers: '>=4.44.0' }

  test.each([Sequence, Loop, Choice])('are gathered from the parts of a block and saved with it (%p)', async type => {
    expect(new type().requirements).toEqual(all)
    const file = await new type().savePretrained(folder())
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      _class_name: type.name,
      _diffusers_version: expect.any(String),
      auto_map: { ModularPipelineBlocks: `block.${type.name}` },
      requirements: all,
    })
  })

  test('are gathered at any depth, and with those of the whole', () => {
    @Block({ requirements: { xyz: '<2' } })
    class Outer extends SequentialPipelineBlocks {
      @Step() inner = Sequence
    }
    expect(new Outer().requirements).toEqual({ ...all, xyz: '<2 >=0.8.0' })
    expect(new Increment().requirements).toEqual({})
  })

  test('of a package that several ask for must suit all of them', () => {
    expect(joinRequirements([{ a: '1 || 2' }, { a: '>=1.5 || 3', b: '*' }, { a: '1 || 2' }]).a).toBe(
      '1 >=1.5 1 || 1 >=1.5 2 || 1 3 1 || 1 3 2 || 2 >=1.5 1 || 2 >=1.5 2 || 2 3 1 || 2 3 2',
    )
    expect(joinRequirements([{ a: '^1' }, { a: '^1' }])).toEqual({ a: '^1' })
  })

  test('are read in the form of Python, and from under the names of blocks', () => {
    const nested = { one: { a: '>=1,<3' }, two: { a: '>=2', b: '1.4.0' } }
    expect(readRequirements(nested, 'block')).toEqual({ a: '>=1 <3 >=2', b: '1.4.0' })
    expect(readRequirements(undefined, 'block')).toEqual({})
  })

  test('that are wrong are not saved', async () => {
    @Block({ requirements: { sharp: 'newest' } })
    class Wrong extends ModularPipelineBlocks {
      run() {}
    }
    await expect(new Wrong().savePretrained(join(folder(), 'new'))).rejects.toThrow(InvalidRequirementsError)
    await expect(readFile(join(folder(), 'new', 'modular_config.json'))).rejects.toThrow('ENOENT')
  })
})

describe('savePretrained of blocks', () => {
  test('writes sorted keys, two spaces and a newline, and no requirements if none exist', async () => {
    const file = await new Increment().savePretrained(join(folder(), 'a', 'b'), { module: 'dist/increment' })
    expect(file).toBe(join(folder(), 'a', 'b', 'modular_config.json'))
    expect(await readFile(file, 'utf8')).toBe(
      '{\n  "_class_name": "Increment",\n  "_diffusers_version": "0.42.1",\n  "auto_map": {\n    "ModularPipelineBlocks": "dist/increment.Increment"\n  }\n}\n',
    )
  })

  test.each(['../block', '/block', 'block.js', ''])('refuses the module %j', async module => {
    await expect(new Increment().savePretrained(folder(), { module })).rejects.toThrow(BlockConfigError)
  })

  test('refuses a file in the place of the folder', async () => {
    const file = await new Increment().savePretrained(folder())
    await expect(new Increment().savePretrained(file)).rejects.toThrow(UnwritableFileError)
  })
})
