import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { openCheckpoint } from '../../../../components/checkpoints/open-checkpoint'
import { writeSafetensors } from '../../../../components/checkpoints/write-safetensors'
import {
  type CLIPTextInputs,
  CLIPTextModel,
  type CLIPTextOutput,
} from '../../../../components/models/clip-text/clip-text-model'
import {
  CLIPTextModelWithProjection,
  type CLIPTextProjectionOutput,
} from '../../../../components/models/clip-text/clip-text-model-with-projection'
import { ModelInputError } from '../../../../components/models/model-input-error'
import { StateDictError } from '../../../../components/nn/state-dict-error'
import { ShapeMismatchError } from '../../../../src/errors/shape-mismatch-error'
import { useTemporaryFolder } from '../../checkpoints/temporary-folder'
import { GoldenModelCase, goldenCalls, goldenFolder } from '../golden-model-case'
import { useBackend } from '../use-backend'

const small = {
  vocab_size: 20,
  hidden_size: 8,
  intermediate_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  max_position_embeddings: 7,
}

/** The outputs by the goldens' names. */
function outputsOf({ hiddenStates, ...output }: CLIPTextOutput | CLIPTextProjectionOutput, model: CLIPTextModel) {
  const skipped = (layers: number) => model.finalLayerNorm.forward(hiddenStates.at(-1 - layers) as tf.Tensor3D)
  return {
    last_hidden_state: output.lastHiddenState,
    ...('textEmbeds' in output ? { text_embeds: output.textEmbeds } : { pooler_output: output.poolerOutput }),
    ...Object.fromEntries(hiddenStates.map((states, i) => [`hidden_states.${i}`, states])),
    clip_skip_1: skipped(1),
    clip_skip_2: skipped(2),
  }
}

describe.each(['wasm', 'cpu'] as const)('on %s', backend => {
  useBackend(backend)

  describe.each(['clip_text', 'clip_text_legacy_eos'])('CLIPTextModel in the case %s', name => {
    test.each(goldenCalls(name))('computes what the reference does in the call $name', async call => {
      const golden = await GoldenModelCase.open(name)
      const model = await CLIPTextModel.fromPretrained(goldenFolder(name))
      const inputs = golden.inputs<CLIPTextInputs>(call)
      const outputs = outputsOf(model.forward({ ...inputs, outputHiddenStates: true }), model)
      golden.expectOutputs(call, outputs)
      tf.dispose([outputs, inputs.inputIds, inputs.attentionMask ?? []])
      model.dispose()
    })
  })

  describe('CLIPTextModelWithProjection in the case clip_text_projection', () => {
    const name = 'clip_text_projection'
    test.each(goldenCalls(name))('computes what the reference does in the call $name', async call => {
      const golden = await GoldenModelCase.open(name)
      const model = await CLIPTextModelWithProjection.fromPretrained(goldenFolder(name))
      const inputs = golden.inputs<CLIPTextInputs>(call)
      const outputs = outputsOf(model.forward({ ...inputs, outputHiddenStates: true }), model.textModel)
      golden.expectOutputs(call, outputs)
      tf.dispose([outputs, inputs.inputIds, inputs.attentionMask ?? []])
      model.dispose()
    })
  })
})

describe('CLIP text models', () => {
  useBackend('wasm')
  const folder = useTemporaryFolder()

  /** Copies a model and renames its weights on the way; `position_ids` are added as old files have them. */
  async function copyRenamed(name: string, rename: (key: string) => string): Promise<void> {
    const checkpoint = await openCheckpoint(goldenFolder(name), { weightsName: 'model' })
    const tensors = await Promise.all(
      checkpoint.keys.map(async key => {
        const { dtype, shape } = checkpoint.info(key)
        return [rename(key), { dtype, shape, data: await checkpoint.readBytes(key) }] as const
      }),
    )
    await checkpoint.close()
    const positionIds = { dtype: 'I64', shape: [1, 1], data: new BigInt64Array(1) } as const
    const all = { ...Object.fromEntries(tensors), [rename('embeddings.position_ids')]: positionIds }
    await writeSafetensors(join(folder(), 'model.safetensors'), all)
    await cp(join(goldenFolder(name), 'config.json'), join(folder(), 'config.json'))
  }

  const withPrefix = (key: string) => (key.startsWith('text_') ? key : `text_model.${key}`)
  const withoutPrefix = (key: string) => key.replace(/^text_model\./, '')

  test.each([
    ['with', withPrefix],
    ['without', withoutPrefix],
  ])('load weights %s the prefix text_model', async (_, rename) => {
    await copyRenamed('clip_text', rename)
    const model = await CLIPTextModel.fromPretrained(folder())
    expect(model.parameters().every(parameter => parameter.isLoaded)).toBe(true)
    model.dispose()

    await copyRenamed('clip_text_projection', rename)
    const projecting = await CLIPTextModelWithProjection.fromPretrained(folder())
    expect(projecting.parameters().every(parameter => parameter.isLoaded)).toBe(true)
    projecting.dispose()
  })

  test('refuse weights that are not theirs', async () => {
    await copyRenamed('clip_text', key => withPrefix(key).replace('fc1', 'fc3'))
    const error = await CLIPTextModel.fromPretrained(folder()).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(StateDictError)
    expect((error as StateDictError).unexpected).toContain('text_model.encoder.layers.0.mlp.fc3.bias')
    expect((error as StateDictError).missing).toContain('encoder.layers.0.mlp.fc1.bias')
  })

  test('return no hidden states unless asked', async () => {
    const model = await CLIPTextModel.fromPretrained(goldenFolder('clip_text'))
    const before = tf.memory().numTensors
    const inputIds = tf.zeros<tf.Rank.R2>([1, 5], 'int32')
    const output = model.forward({ inputIds })
    expect(output.hiddenStates).toEqual([])
    expect(tf.memory().numTensors).toBe(before + 3)
    tf.dispose([inputIds, output.lastHiddenState, output.poolerOutput])
    model.dispose()
  })

  test('refuse ids and masks of a wrong shape before anything is computed', () => {
    const model = CLIPTextModel.fromConfig(small)
    const refused = (inputs: () => CLIPTextInputs) => expect(() => tf.tidy(() => model.forward(inputs()).poolerOutput))
    // @ts-expect-error: ids have a batch dimension.
    refused(() => ({ inputIds: tf.zeros([7], 'int32') })).toThrow(ShapeMismatchError)
    refused(() => ({ inputIds: tf.zeros([1, 7], 'int32'), attentionMask: tf.ones([1, 6]) })).toThrow(
      'CLIPTextModel: "attentionMask" must have the shape [batch, token], but has [1, 6]',
    )
    refused(() => ({ inputIds: tf.zeros([1, 8], 'int32') })).toThrow(ModelInputError)
    refused(() => ({ inputIds: tf.zeros([1, 8], 'int32') })).toThrow('at most 7 tokens')
  })

  test('refuse a config without its sizes or with heads that do not divide the width', () => {
    const { hidden_size: _, ...incomplete } = small
    expect(() => CLIPTextModel.fromConfig(incomplete)).toThrow('hidden_size: is missing')
    expect(() => CLIPTextModelWithProjection.fromConfig({ ...small, num_attention_heads: 3 })).toThrow(
      'num_attention_heads: 3 does not divide hidden_size (8)',
    )
    expect(() => CLIPTextModel.fromConfig({ ...small, hidden_act: 'relu' })).toThrow('supported: "quick_gelu", "gelu"')
  })
})
