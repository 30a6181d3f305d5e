/** What is stored in a picture's file: enough to draw it again. */

/** Keyword of the PNG text that holds the record as JSON. */
export const PNG_KEYWORD = 'tesserae'

/** How a picture was made. */
export interface GenerationRecord {
  prompt: string
  /** This and what follows is there as far as the pipeline has it. */
  negativePrompt: string | undefined
  prompt2: string | undefined
  negativePrompt2: string | undefined
  /** The syntax in which the prompts are read, if one was named. */
  promptSyntax?: string
  /** Names of the files of the picture and of the mask. */
  image: string | undefined
  mask: string | undefined
  /** The ControlNets with the names of their pictures, and scales where they were given. */
  control?: readonly string[]
  /** Names of the files of the IP-Adapters and of their pictures, and the scales where they were given. */
  ipAdapter?: readonly string[]
  ipImage?: readonly string[]
  ipScale?: readonly number[]
  /** The T2I-Adapter with the name of its picture, and the scale where it was given. */
  t2iAdapter?: string
  /** How much of the picture was changed, also where the blocks decided; missing if there was no picture. */
  strength: number | undefined
  /** Seed of this very picture; digits where JavaScript's numbers are not exact. */
  seed: number | string
  steps: number | undefined
  /** Without it, as closely as the guider does by itself. */
  guidance: number | undefined
  guider: string | undefined
  scheduler: string | undefined
  width: number
  height: number
  model: string
  /** The file of a UNet in place of the model's own. */
  unet?: string
  /** LoRAs on top of the model, with their weights: `pixel-art:0.8, toy:1`. */
  loras?: string
  /** Words that files of vectors taught the model: `<toy>, badhands`. */
  embeddings?: string
  /** The model that took the last part of the denoising, if one did. */
  refiner?: string
  /** Share of the denoising after which it took over. */
  refinerStart?: number
  /** `graph` or `eager`. */
  executor: string
  backend: string
  /** Version of tesserae. */
  version: string
  /** `false` if the safety checker of the model was left out. */
  safetyChecker?: false
  /** In a grid: how many pictures, with consecutive seeds. */
  count?: number
}
