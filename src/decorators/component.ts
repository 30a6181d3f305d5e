/** `@Component`: something the container supplies to a block. */
import type { ComponentClass } from '../params/component-class'
import { ComponentSpec, type ComponentSpecOptions } from '../params/component-spec'
import { declare } from './declarations'
import type { ReadField } from './field-decorator'

/** Options of `@Component`. */
export type ComponentOptions = Omit<ComponentSpecOptions, 'name' | 'typeHint'> & {
  /** Token in the container. Default: the field's name. */
  name?: string
}

/**
 * Declares a component. Its token is the field's name, and what is supplied must be an instance of the class. With a `config`, it is made
 * from that at once; otherwise it is loaded from a checkpoint or registered by hand.
 *
 * ```ts
 * class Denoise extends ModularPipelineBlocks {
 *   @Component(UNet2DConditionModel) unet!: UNet2DConditionModel
 *   @Component(ClassifierFreeGuidance, { config: { guidanceScale: 7.5 } }) guider!: BaseGuidance
 *   @Component(CLIPTextModel, { optional: true }) textEncoder!: CLIPTextModel | undefined
 * }
 * ```
 */
export function Component<T>(
  type: ComponentClass<T>,
  options: ComponentOptions & { optional: true },
): ReadField<T | undefined>
export function Component<T>(type: ComponentClass<T>, options?: ComponentOptions): ReadField<T>
export function Component<T>(type: ComponentClass<T>, options: ComponentOptions = {}): ReadField<T> {
  return (target, field) =>
    declare(target, 'components', field, new ComponentSpec({ name: field, ...options, typeHint: type }))
}
