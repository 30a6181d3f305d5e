/** Reads the values of `--control` and `--control-mode`. */
import { InvalidArgumentError } from 'commander'

/** One picture to follow. */
export interface Control {
  /** Folder, `.safetensors` file or repository of the ControlNet, or of the T2I-Adapter. */
  readonly net: string
  /** Where the picture is: a path, an address of the web, or `-`. */
  readonly image: string
  /** How strong it is; `undefined` for the default of the pipeline. */
  readonly scale: number | undefined
}

/** `--control NET:IMAGE` or `--control NET:IMAGE:SCALE`, once or more. Paths of Windows and addresses may hold colons of their own. */
export function parseControl(text: string, earlier: readonly Control[] = []): Control[] {
  const [, net, image, scale] = /^((?:[a-z]:[\\/])?[^:]+):(.+?)(?::(-?\d+(?:\.\d+)?))?$/i.exec(text) ?? []
  if (net === undefined || image === undefined) {
    throw new InvalidArgumentError(
      'It must be like NET:IMAGE or NET:IMAGE:SCALE, e.g. controlnet-canny:outline.png:0.8.',
    )
  }
  return [...earlier, { net, image, scale: scale === undefined ? undefined : Number(scale) }]
}

/** `--t2i-adapter ADAPTER:IMAGE` or `--t2i-adapter ADAPTER:IMAGE:SCALE`, once. */
export function parseT2IAdapter(text: string, earlier?: Control): Control {
  if (earlier !== undefined)
    throw new InvalidArgumentError('A pipeline takes only one T2I-Adapter. Pass the option once.')
  return parseControl(text)[0] as Control // It is the only one.
}

/** `--control-mode`: a kind of picture, once for each `--control`. */
export function parseControlMode(text: string, earlier: readonly number[] = []): number[] {
  const kind = Number(text)
  if (text.trim() === '' || !Number.isInteger(kind) || kind < 0) {
    throw new InvalidArgumentError('The kind must be a whole number from 0 up.')
  }
  return [...earlier, kind]
}
