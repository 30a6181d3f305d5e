/** Prepares what a union ControlNet looks at. Counterpart: StableDiffusionXLControlNetUnionInputStep of diffusers. */
import { z } from 'zod'
import { type ControlNet, ControlNetUnionModel, tensor, tf } from '../../components'
import { Block, type In, IncompatibleComponentsError, Input, InputTypeError, type Out, Output } from '../../src'
import { ControlNetInput, type PerNetwork } from './controlnet-input'
import { sharedStep } from './shared-step'

/** As {@link ControlNetInput}, with the kind of each picture. */
@Block({ ...sharedStep, description: 'Prepares the pictures that a union ControlNet looks at, with their kinds.' })
export class ControlNetUnionInput extends ControlNetInput {
  static override readonly className: string = 'ControlNetUnionInput'

  /** The kind of the pictures, or of each: a number that the ControlNet was trained with, from 0 on. */
  @Input(
    z
      .union([z.int().min(0), z.array(z.int().min(0)).min(1)])
      .describe('The kind of the pictures, or of each: a number that the ControlNet was trained with, from 0 on.'),
  )
  controlMode!: In<PerNetwork, 'required'>

  @Output({
    schema: tensor('controlTypes'),
    kwargsType: 'controlnetKwargs',
    description: 'The kind of each picture.',
  })
  controlTypeIdx!: Out<tf.Tensor1D>

  @Output({
    schema: tensor('1 kinds'),
    kwargsType: 'controlnetKwargs',
    description: '1 for kinds of which there is a picture, and 0 otherwise.',
  })
  controlType!: Out<tf.Tensor2D>

  override async run(): Promise<void> {
    await super.run()
    const kinds = [this.controlMode].flat()
    const { numControlType } = (this.controlnet as ControlNetUnionModel).config // It has been checked.
    this.controlTypeIdx = tf.tensor1d(kinds, 'int32')
    this.controlType = tf.tensor2d([Array.from({ length: numControlType }, (_, kind) => Number(kinds.includes(kind)))])
  }

  protected override countOf(): number | undefined {
    return Array.isArray(this.controlMode) ? this.controlMode.length : undefined
  }

  protected override get elements(): string {
    return 'pictures'
  }

  /** Makes sure that the ControlNet knows the kinds of the pictures. @throws IncompatibleComponentsError, InputTypeError */
  protected override requireKind(controlnet: ControlNet): void {
    const { path } = this.context
    if (!(controlnet instanceof ControlNetUnionModel)) {
      const problem = 'controlMode is for a ControlNetUnionModel. Leave it out, or load such a model.'
      throw new IncompatibleComponentsError(path, ['controlnet'], problem)
    }
    const { numControlType } = controlnet.config
    const unknown = [this.controlMode].flat().find(kind => kind >= numControlType)
    if (unknown === undefined) return
    const expected = `the ControlNet knows the kinds 0 to ${numControlType - 1}`
    throw new InputTypeError({ path, input: 'controlMode', expected, value: unknown })
  }
}
