/** What PEFT leaves in the header of a LoRA file: rank and alpha of its layers. Counterpart: utils/peft_utils.py, loaders/lora_base.py */
import { z } from 'zod'
import type { SafetensorsFile } from '../../checkpoints/safetensors-file'
import { LoraError } from './lora-error'
import type { LoraComponent } from './lora-keys'

/** The entry of the header. */
const KEY = 'lora_adapter_metadata'

/** Names of the components in metadata. */
const PREFIXES: Readonly<Record<LoraComponent, string>> = {
  unet: 'unet.',
  textEncoder: 'text_encoder.',
  textEncoder2: 'text_encoder_2.',
}

const numbers = z.record(z.string(), z.number())

const settings = z.object({
  lora_alpha: z.number().optional(),
  r: z.number().optional(),
  alpha_pattern: numbers.nullish(),
  use_rslora: z.boolean().nullish(),
})

/** Rank and alpha of the layers of a file. */
export class LoraMetadata {
  private constructor(
    private readonly components: Readonly<Partial<Record<LoraComponent, z.output<typeof settings>>>>,
  ) {}

  /** Reads the header's entry; a file without it has no metadata. @throws LoraError for one that is not what PEFT writes */
  static read(file: SafetensorsFile): LoraMetadata {
    const text = file.metadata.get(KEY)
    if (text === undefined) return new LoraMetadata({})
    const refuse = (problem: string, cause?: unknown) =>
      new LoraError(
        file.path,
        'invalid-metadata',
        `"${KEY}" in its header ${problem}. Save the LoRA again.`,
        [KEY],
        cause,
      )
    let all: unknown
    try {
      all = JSON.parse(text)
    } catch (error) {
      throw refuse('is not JSON', error)
    }
    if (typeof all !== 'object' || all === null) throw refuse('is not an object')
    const components = Object.entries(PREFIXES).map(([component, prefix]) => {
      const own = Object.entries(all).filter(([key]) => key.startsWith(prefix))
      const parsed = settings.safeParse(
        Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value])),
      )
      if (!parsed.success) throw refuse(`is invalid: ${z.prettifyError(parsed.error)}`)
      return [component, parsed.data] as const
    })
    return new LoraMetadata(Object.fromEntries(components))
  }

  /** alpha / rank of a layer whose alpha is not among the tensors; 1 if the metadata lacks it. */
  scaleOf(component: LoraComponent, place: string, rank: number): number {
    const { lora_alpha: alpha, alpha_pattern: pattern, use_rslora: isStabilised } = this.components[component] ?? {}
    const bare = place.replace(/^text_model\./, '')
    const own = Object.entries(pattern ?? {}).find(([name]) => {
      const key = name.replace(/^text_model\./, '')
      return bare === key || bare.endsWith(`.${key}`)
    })?.[1]
    const stated = own ?? alpha
    if (stated === undefined) return 1
    return stated / (isStabilised ? Math.sqrt(rank) : rank)
  }
}
