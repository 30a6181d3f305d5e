import * as globals from '@jest/globals'
import * as tf from '@tensorflow/tfjs'
import {
  AutoPipelineBlocks,
  Branch,
  type In,
  Input,
  ModularPipelineBlocks,
  type Out,
  Output,
  SequentialPipelineBlocks,
  StableDiffusionTextToImageBlocks,
  Step,
} from '../../../index'
import { MatcherUseError, matchers } from '../../../testing'
import '../../../testing/jest'
import { useBackend } from '../../components/models/use-backend'
import { useLeakCheck } from '../../components/tensors/use-leak-check'

useBackend('cpu')

class Encode extends ModularPipelineBlocks {
  @Input() prompt!: In<string, 'required'>
  @Input({ default: 1 }) weight!: In<number>
  @Output({ typeHint: 'number[]' }) embeds!: Out<number[]>
  run() {}
}

class Draw extends ModularPipelineBlocks {
  @Input() embeds!: In<number[], 'required'>
  @Output() image!: Out<string>
  run() {}
}

class Whole extends SequentialPipelineBlocks {
  @Step() encode = Encode
  @Step() draw = Draw
}

/** The message of an expectation that fails. */
function messageOf(expectation: () => void): string {
  try {
    expectation()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('The expectation did not fail.')
}

async function messageOfAsync(expectation: Promise<unknown>): Promise<string> {
  const error = await expectation.then(
    () => new Error('The expectation did not fail.'),
    (reason: unknown) => reason as Error,
  )
  return error.message
}

describe('toWire', () => {
  test('passes for blocks that fit together, as a class or an instance', () => {
    expect(Whole).toWire()
    expect(new StableDiffusionTextToImageBlocks()).toWire()
  })

  test('lists all that is wrong', () => {
    class NoBody extends ModularPipelineBlocks {}
    class WrongTrigger extends AutoPipelineBlocks {
      @Branch({ when: 'immage' }) draw = Draw
    }
    class Wrong extends SequentialPipelineBlocks {
      @Step() noBody = NoBody
      @Step() choice = WrongTrigger
    }
    const message = messageOf(() => expect(Wrong).toWire())
    expect(message).toContain('expect(Wrong).toWire()\n\nWhat is wrong:\n  - [NOT_IMPLEMENTED] noBody')
    expect(message).toContain('  - [UNMATCHED_TRIGGER] choice')
    expect(Wrong).not.toWire()
    expect(messageOf(() => expect(Whole).not.toWire())).toContain('expected not to be')
  })

  test('refuses what is not a block, with .not too', () => {
    for (const none of [5, undefined, class {}, () => Whole]) {
      expect(() => expect(none as never).toWire()).toThrow(MatcherUseError)
      expect(() => expect(none as never).not.toWire()).toThrow('Expected a class of blocks')
      expect(() => expect(none as never).not.toRequireInputs(['x'])).toThrow(MatcherUseError)
      expect(() => expect(none as never).not.toProduceOutputs(['x'])).toThrow(MatcherUseError)
    }
  })
})

describe('toRequireInputs', () => {
  test('passes for exactly the inputs that nothing in the tree supplies', () => {
    expect(Whole).toRequireInputs(['prompt'])
    expect(Draw).toRequireInputs(['embeds'])
    expect(StableDiffusionTextToImageBlocks).toRequireInputs(['prompt'])
  })

  test('says which are not required, unknown, or required beside them', () => {
    expect(messageOf(() => expect(Whole).toRequireInputs(['weight', 'embeds', 'promt']))).toBe(
      [
        'expect(Whole).toRequireInputs(["weight", "embeds", "promt"])',
        '',
        'It requires: "prompt"',
        '  - "weight" is an input, but not a required one',
        '  - "embeds" is not an input, but an output',
        '  - "promt" is not an input',
        '  - "prompt" is required, but was not expected to be',
      ].join('\n'),
    )
    expect(Whole).not.toRequireInputs([])
    expect(messageOf(() => expect(Whole).not.toRequireInputs(['prompt']))).toContain('expected not to')
    expect(messageOf(() => expect(Whole).toRequireInputs('prompt' as never))).toContain(
      'Expected a list of names, but got the string "prompt"',
    )
  })
})

describe('toProduceOutputs', () => {
  test('passes if all are written, with others or not', () => {
    expect(Whole).toProduceOutputs(['image'])
    expect(Whole).toProduceOutputs(['embeds', 'image'])
  })

  test('names those that are not, with the nearest name', () => {
    expect(messageOf(() => expect(Whole).toProduceOutputs(['imgae', 'embeds']))).toBe(
      [
        'expect(Whole).toProduceOutputs(["imgae", "embeds"])',
        '',
        'It writes: "embeds", "image"',
        '  - "imgae" is not written; did you mean "image"?',
      ].join('\n'),
    )
    expect(messageOf(() => expect(Whole).not.toProduceOutputs(['image']))).toContain('expected not to')
    expect(() => expect(Whole).not.toProduceOutputs(undefined as never)).toThrow(MatcherUseError)
  })
})

describe('toBeCloseToTensor', () => {
  useLeakCheck()

  test('passes for numbers within the tolerance, of tensors and of plain numbers', () => {
    const tensor = tf.tensor2d([
      [1, 2],
      [3, 4],
    ])
    expect(tensor).toBeCloseToTensor(tensor)
    expect(tensor).toBeCloseToTensor({ shape: [2, 2], values: [1, 2, 3, 4.00001] })
    expect(tensor).toBeCloseToTensor([1, 2, 3, 4.3], { atol: 0.4 })
    expect(new Float32Array([1, Number.NaN])).toBeCloseToTensor([1.05, Number.NaN], { rtol: 0.1 })
    expect(tensor).not.toBeCloseToTensor([1, 2, 3, 4.3])
    tensor.dispose()
  })

  test('tells the first and the largest difference, with their places', () => {
    const expected = { shape: [2, 3], values: [1, 2, 3, 4, 5, 6] }
    const got = { shape: [2, 3], values: [1, 2.5, 3, 4, 9, 6.5] }
    expect(messageOf(() => expect(got).toBeCloseToTensor(expected, { atol: 0.25, rtol: 0 }))).toBe(
      [
        'expect(tensor).toBeCloseToTensor(expected, { atol: 0.25, rtol: 0 })',
        '',
        '3 of 6 numbers are too far off.',
        'first difference     [0, 1]: expected 2 (±0.25), got 2.5, which is 0.5 away',
        'largest difference   [1, 1]: expected 5 (±0.25), got 9, which is 4 away',
      ].join('\n'),
    )
    expect(messageOf(() => expect(got).not.toBeCloseToTensor(got))).toContain('expected to differ')
  })

  test('fails for what is infinite or NaN on one side alone, whatever is allowed', () => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const message = messageOf(() => expect([1, wrong]).toBeCloseToTensor([1, 2], { atol: Number.POSITIVE_INFINITY }))
      expect(message).toContain(`first difference     [1]: expected 2 (±Infinity), got ${wrong}`)
    }
  })

  test('reports other shapes', () => {
    const flat = { shape: [4], values: [1, 2, 3, 4] }
    const square = { shape: [2, 2], values: [1, 2, 3, 4] }
    expect(messageOf(() => expect(flat).toBeCloseToTensor(square))).toContain('Expected the shape [2, 2], got [4].')
    expect(messageOf(() => expect([1, 2]).toBeCloseToTensor(square))).toContain('Expected the shape [4], got [2].')
  })

  test('refuses what holds no numbers, on either side and with .not too', () => {
    const text = tf.tensor(['a'])
    const disposed = tf.scalar(1)
    disposed.dispose()
    const nested = [[1], [2]]
    const none = [
      undefined,
      5,
      'ab',
      {},
      nested,
      [true],
      Promise.resolve([1]),
      text,
      disposed,
      { shape: [1], values: 5 },
    ]
    for (const one of none) {
      expect(() => expect(one as never).not.toBeCloseToTensor([1])).toThrow('The received side must be a tensor')
      expect(() => expect([1]).not.toBeCloseToTensor(one as never)).toThrow('The expected side must be a tensor')
    }
    expect(messageOf(() => expect(Promise.resolve([1]) as never).toBeCloseToTensor([1]))).toContain('awaited first')
    text.dispose()
  })

  test('refuses a tolerance that is none', () => {
    for (const tolerance of [0.5, null, { atol: -1 }, { rtol: Number.NaN }]) {
      expect(() => expect([1]).not.toBeCloseToTensor([5], tolerance as never)).toThrow('A tolerance is { atol, rtol }')
    }
  })
})

describe('toLeakNoTensors', () => {
  test('passes for functions that dispose what they make, also later', async () => {
    expect(() => tf.zeros([3]).dispose()).toLeakNoTensors()
    await expect(async () => {
      await null
      tf.zeros([3]).dispose()
    }).toLeakNoTensors()
  })

  test('says how many tensors and bytes are left, and whether one was returned', async () => {
    const kept: tf.Tensor[] = []
    const keep = () => kept.push(tf.zeros([3]), tf.ones([1]))
    expect(messageOf(() => expect(keep).toLeakNoTensors())).toBe(
      'expect(function).toLeakNoTensors()\n\nThere are 2 more tensor(s) than before, 16 more byte(s).',
    )
    const give = async () => {
      const made = tf.zeros([2])
      kept.push(made)
      return made
    }
    expect(await messageOfAsync(expect(give).toLeakNoTensors())).toContain(
      'There are 1 more tensor(s) than before, 8 more byte(s).\nWhat it returned is among them',
    )
    expect(messageOf(() => expect(() => ({ pixels: kept[0] })).not.toLeakNoTensors())).toContain('as many tensors')
    const giveOutputs = () => {
      keep()
      return { pixels: kept.at(-1) }
    }
    expect(messageOf(() => expect(giveOutputs).toLeakNoTensors())).toContain('What it returned is among them')
    tf.dispose(kept.splice(-2))
    expect(messageOf(() => expect(() => kept.pop()?.dispose()).toLeakNoTensors())).toContain('1 fewer tensor(s)')
    expect(keep).not.toLeakNoTensors()
    expect(() => expect(5 as never as () => void).not.toLeakNoTensors()).toThrow('but got the number 5')
    tf.dispose(kept)
  })

  test('throws on what the function throws', async () => {
    const fail = () => {
      throw new RangeError('no')
    }
    expect(() => expect(fail).toLeakNoTensors()).toThrow(RangeError)
    await expect(expect(async () => fail()).toLeakNoTensors()).rejects.toThrow(RangeError)
  })
})

test("the matchers work with the expect of '@jest/globals' too, and without an installation", async () => {
  globals.expect.extend(matchers)
  globals.expect(Whole).toWire()
  globals.expect([1]).toBeCloseToTensor([1])
  await globals.expect(async () => {}).toLeakNoTensors()
})
