/** Reads the keys of LoRA files: which layer each is for, and which part of it. Counterpart: loaders/lora_conversion_utils.py, utils/state_dict_utils.py */

/** What a tensor is in a layer of a LoRA. */
export type LoraPart = 'down' | 'up' | 'mid' | 'alpha' | 'magnitude' | 'bias'

/** The component that a key is for, by its name in pipelines. */
export type LoraComponent = 'unet' | 'textEncoder' | 'textEncoder2'

/** A key of a LoRA file. */
export interface LoraKey {
  readonly component: LoraComponent
  /** The layer: with dots, or in kohya's files with underscores in their place. */
  readonly layer: string
  /** Whether the layer is spelled with underscores. */
  readonly isFlat: boolean
  readonly part: LoraPart
}

/** How keys end. The name of an adapter may be in between, as in PEFT's own files. */
const ENDINGS: readonly (readonly [RegExp, LoraPart])[] = [
  [/(?:\.lora_down|\.lora\.down|\.lora_linear_layer\.down|_lora\.down|\.lora_A(?:\.\w+)?)\.weight$/, 'down'],
  [/(?:\.lora_up|\.lora\.up|\.lora_linear_layer\.up|_lora\.up|\.lora_B(?:\.\w+)?)\.weight$/, 'up'],
  [/\.lora_mid\.weight$/, 'mid'],
  [/\.lora_B(?:\.\w+)?\.bias$/, 'bias'],
  [/(?:\.lora|\.lora_linear_layer)?\.alpha$/, 'alpha'],
  [/(?:\.dora_scale|\.lora_magnitude_vector(?:\.(?!weight$)\w+)?(?:\.weight)?)$/, 'magnitude'],
]

/** How keys begin, the longest first. */
const BEGINNINGS: readonly (readonly [string, LoraComponent, isFlat: boolean])[] = [
  ['lora_unet_', 'unet', true],
  ['lora_te1_', 'textEncoder', true],
  ['lora_te2_', 'textEncoder2', true],
  ['lora_te_', 'textEncoder', true],
  ['unet.', 'unet', false],
  ['text_encoder_2.', 'textEncoder2', false],
  ['text_encoder.', 'textEncoder', false],
]

/** Names of projections in attention processors, by those of the text encoder's layers. */
const TEXT_PROJECTIONS: Readonly<Record<string, string>> = {
  to_q: 'q_proj',
  to_k: 'k_proj',
  to_v: 'v_proj',
  to_out: 'out_proj',
}

/** Reads a key; `undefined` if it is not one of a LoRA. Files of a UNet alone may leave its name out. */
export function parseLoraKey(key: string): LoraKey | undefined {
  const bare = key.replace(/^base_model\.model\./, '')
  const [ending, part] = ENDINGS.find(([pattern]) => pattern.test(bare)) ?? []
  if (ending === undefined || part === undefined) return undefined
  const path = bare.replace(ending, '').replace('.processor.', '.')
  const [prefix, component, isFlat] = BEGINNINGS.find(([begin]) => path.startsWith(begin)) ?? ['', 'unet', false]
  const layer = path.slice(prefix.length)
  return { component, layer: isFlat ? layer : plainLayer(component, layer), isFlat, part }
}

/** The name of a layer in the model, where attention processors had another for it. */
function plainLayer(component: LoraComponent, layer: string): string {
  if (component === 'unet') return layer.replace(/\.to_out$/, '.to_out.0')
  return layer.replace(/\.(to_(?:q|k|v|out))$/, (_, name: string) => `.${TEXT_PROJECTIONS[name]}`)
}

/** Methods other than LoRA, by what their keys hold. */
const OTHER_METHODS: readonly (readonly [RegExp, method: string])[] = [
  [/\.hada_[wt]\d/, 'LoHa'],
  [/\.lokr_[wt]\d/, 'LoKr'],
  [/\.(?:a1|a2|b1|b2|bm)\.weight$/, 'GLoRA'],
  [/\.oft_(?:blocks|diag|R)|\.boft_/, 'OFT'],
  [/\.on_input$|\.ia3_/, 'IA³'],
  [/\.diff(?:_b)?$/, 'full differences of weights'],
  [/\.[wb]_norm$/, 'differences of norms'],
  [/\.vera_lambda/, 'VeRA'],
]

/** The method that a key belongs to, and the layer that it changes, if that is not LoRA. */
export function otherMethod(key: string): { method: string; layer: string } | undefined {
  for (const [pattern, method] of OTHER_METHODS) {
    const found = pattern.exec(key)
    if (found) return { method, layer: key.slice(0, found.index) }
  }
  return undefined
}
